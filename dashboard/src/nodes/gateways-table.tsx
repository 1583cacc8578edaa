import type { LiveState } from '@wscluster/controller/api';

export function GatewaysTable({ gateways }: { readonly gateways: LiveState['gateways'] }) {
  return (
    <section aria-labelledby="gateways">
      <h2 id="gateways">Gateways</h2>
      {gateways.length === 0 ? (
        <p className="empty">No gateway has reported. Start one; it shows up here within a second.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        <section className="scroll" tabIndex={0} aria-label="Table of gateways">
          <table>
            <thead>
              <tr>
                <th scope="col">Gateway</th>
                <th scope="col">State</th>
                <th scope="col">Address</th>
                <th scope="col" className="number">
                  Revision
                </th>
                <th scope="col" className="number">
                  Connections
                </th>
                <th scope="col" className="number">
                  Moved
                </th>
                <th scope="col" className="number">
                  Migrated
                </th>
              </tr>
            </thead>
            <tbody>
              {gateways.map(({ id, address, applied, inSync, connections, moved, migrated }) => (
                <tr key={id}>
                  <th scope="row">
                    <span className="id">{id}</span>
                  </th>
                  <td data-label="State">
                    <span className={inSync ? 'word good' : 'word progress'}>{inSync ? 'in sync' : 'behind'}</span>
                  </td>
                  <td data-label="Address">{address}</td>
                  <td className="number" data-label="Revision">{`${applied.epoch}.${applied.version}`}</td>
                  <td className="number" data-label="Connections">
                    {connections.toLocaleString('en')}
                  </td>
                  <td className="number" data-label="Moved">
                    {moved.toLocaleString('en')}
                  </td>
                  <td className="number" data-label="Migrated">
                    {migrated.toLocaleString('en')}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}
