import type { Link } from '@wscluster/controller/api';

const TONES: Readonly<Record<Link['state'], string>> = {
  connected: 'good',
  lost: 'bad',
  starting: 'progress',
  none: 'gone',
};

/** Registry, bus and store. */
export function LinksList({ links }: { readonly links: readonly Link[] }) {
  return (
    <section aria-labelledby="links">
      <h2 id="links">Registry, bus and store</h2>
      <ul className="links">
        {links.map(({ name, state, since, message }) => (
          <li key={name}>
            {name}: <span className={`word ${TONES[state]}`}>{state === 'none' ? 'not configured' : state}</span>
            {state !== 'none' && ` since ${new Date(since).toLocaleTimeString()}`} {message}
          </li>
        ))}
      </ul>
    </section>
  );
}
