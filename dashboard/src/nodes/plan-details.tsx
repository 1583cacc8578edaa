import type { Plan } from '@wscluster/controller/api';
import { amount } from '../amount.ts';

/** Why slots and connections would move, and the share of each node that gains or loses some, before and after. */
export function PlanDetails({ plan: { known, reasons, nodes } }: { readonly plan: Plan }) {
  const changed = nodes.filter(({ slots }) => slots.gained + slots.lost > 0);
  if (changed.length === 0) return null;
  return (
    <>
      {known !== 'all' && <p>{UNKNOWN[known]}</p>}
      <ul className="reasons">
        {reasons.map(({ text, slots, connections }) => (
          <li key={text}>
            {text}: {amount(connections, 'connection')}, {amount(slots, 'slot')}
          </li>
        ))}
      </ul>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section className="scroll" tabIndex={0} aria-label="Shares before and after">
        <table>
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">Connections</th>
              <th scope="col">Share of connections</th>
              <th scope="col">Share of slots</th>
            </tr>
          </thead>
          <tbody>
            {changed.map(({ id, name, slots, connections }) => (
              <tr key={id}>
                <th scope="row" title={id}>
                  <span className="id">{name}</span>
                </th>
                <td data-label="Connections">{change(number(connections.before), number(connections.after))}</td>
                <td data-label="Share of connections">
                  {change(percent(connections.share.before), percent(connections.share.after))}
                </td>
                <td data-label="Share of slots">{change(percent(slots.share.before), percent(slots.share.after))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

const UNKNOWN = {
  partly: 'A gateway is silent, so its connections may be missing here.',
  no: 'A gateway has not reported its connections yet, so more may move than shown here.',
};

const number = (value: number) => value.toLocaleString('en');
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const change = (before: string, after: string) => `${before} → ${after}`;
