import type { LineFigure } from './chart-data.ts';

interface Props {
  readonly label: string;
  /** When the figures were so. */
  readonly moment: string;
  readonly known: readonly LineFigure[];
  /** Those that there is room for. */
  readonly named: readonly LineFigure[];
  format(value: number): string;
}

/** The figures of a chart at one moment. */
export function Legend({ label, moment, known, named, format }: Props) {
  return (
    <ul className="legend" aria-label={label}>
      <li className="when">{moment}</li>
      {named.map(({ id, name, colour, value }) => (
        <li key={id} data-line={id}>
          {colour !== undefined && (
            <svg className="swatch" viewBox="0 0 1 1" aria-hidden="true">
              <rect width="1" height="1" fill={colour} />
            </svg>
          )}
          {name} <b>{format(value)}</b>
        </li>
      ))}
      {known.length > named.length && <li>{known.length - named.length} more</li>}
      {known.length === 0 && <li>nothing is known</li>}
    </ul>
  );
}
