export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => string | number;
}

/** Rows under their titles, in columns: numbers to the right, everything else to the left. No rows: the word `none`. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  if (rows.length === 0) return 'none\n';
  const cells = columns.map(({ title, of }) => {
    const values = rows.map(of);
    const right = values.every((value) => typeof value === 'number' || /^-?[\d.,]+ ?%?$/.test(value));
    const texts = [title, ...values.map(String)];
    const width = Math.max(...texts.map((text) => text.length));
    return texts.map((text) => (right ? text.padStart(width) : text.padEnd(width)));
  });
  const lines = ['', ...rows].map((_, line) =>
    cells
      .map((column) => column[line])
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/** Names and values, one pair per line. */
export function pairs(values: Readonly<Record<string, string | number>>): string {
  const width = Math.max(...Object.keys(values).map((name) => name.length));
  return Object.entries(values)
    .map(([name, value]) => `${name.padEnd(width)}  ${value}\n`)
    .join('');
}

/** A part of 1 as a percentage with one decimal. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
