import { formatRevision } from '@wscluster/ring';
import { readAnswer } from '../api/read-answer.ts';
import { apiCommand, show } from '../api-command.ts';
import { table } from '../print/table.ts';

export const gateways = apiCommand({
  name: 'gateways',
  summary: 'list the gateways, and whether they route by the current ring',
  forms: [''],
  help: `
Lists each gateway that reports: the revision of the ring that it routes by, its connections, how many it has moved since
it started, how many of these clients did not notice, and the seconds since its last report. After 3 s of silence a gateway
counts as gone.

  wscluster gateways`,
  prepare(words) {
    if (words.length > 0) return undefined;
    return show(
      (api) => api.ask('GET', '/gateways'),
      (answer) =>
        table(readAnswer('Gateways', answer).gateways, [
          { title: 'GATEWAY', of: (gateway) => gateway.id },
          { title: 'ADDRESS', of: (gateway) => gateway.address },
          { title: 'APPLIED', of: (gateway) => formatRevision(gateway.applied) },
          { title: 'IN SYNC', of: (gateway) => (gateway.inSync ? 'yes' : 'no') },
          { title: 'CONNECTIONS', of: (gateway) => gateway.connections },
          { title: 'MOVED', of: (gateway) => gateway.moved },
          { title: 'MIGRATED', of: (gateway) => gateway.migrated },
          { title: 'HEARD S AGO', of: (gateway) => gateway.secondsSinceReport },
        ]),
    );
  },
});
