import { useState } from 'react';
import { amount } from '../amount.ts';
import type { TimelineEntry } from '../live/timeline-entry.ts';

/** How many lines are shown; copying includes all lines that pass the filter. */
const SHOWN = 200;

export function Timeline({ events }: { readonly events: readonly TimelineEntry[] }) {
  const [type, setType] = useState('');
  const [text, setText] = useState('');
  const [copied, setCopied] = useState('');
  const types = [...new Set(events.map((event) => event.type))].sort();
  const wanted = text.toLowerCase();
  const found = events.filter(
    (event) => (type === '' || event.type === type) && event.message.toLowerCase().includes(wanted),
  );
  const copy = () => {
    const lines = found.map(({ at, type: of, message }) => `${at} ${of} ${message}`);
    navigator.clipboard.writeText(lines.join('\n')).then(
      () => setCopied(`${amount(lines.length, 'line')} copied`),
      () => setCopied('The browser does not allow this page to copy'),
    );
  };
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      <p className="controls">
        <label>
          Type{' '}
          <select value={type} onChange={(event) => setType(event.target.value)}>
            <option value="">all</option>
            {types.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          Contains <input type="search" value={text} onChange={(event) => setText(event.target.value)} />
        </label>
        <button type="button" onClick={copy}>
          Copy
        </button>
        <span role="status">{copied}</span>
      </p>
      {found.length === 0 ? (
        <p className="empty">{events.length === 0 ? 'Nothing has happened yet.' : 'Nothing matches the filter.'}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        <section className="scroll" tabIndex={0} aria-label="Events, newest first">
          <ol className="events">
            {found
              .slice(-SHOWN)
              .reverse()
              .map(({ id, at, type: of, message }) => (
                <li key={id}>
                  <time dateTime={at}>{new Date(at).toLocaleTimeString()}</time> <span className="type">{of}</span>{' '}
                  {message}
                </li>
              ))}
          </ol>
        </section>
      )}
    </section>
  );
}
