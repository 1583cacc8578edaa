import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { openRedisLock } from '@wscluster/controller/adapters/redis/lock';
import { openLeadership } from '@wscluster/controller/core/term';
import { silentLogger } from '@wscluster/service';

// A controller that does nothing but lead: prints `leads` once it does, and whenever a line comes in whether it still
// does; `over` when its signal is aborted.
const [url = '', self = '', durationMs] = process.argv.slice(2);
const lock = openRedisLock({ url, cluster: 'chat', self, leaseDurationMs: Number(durationMs), log: silentLogger });
const leadership = openLeadership(lock, silentLogger);
const lead = await leadership.elected(new AbortController().signal);
process.stdout.write('leads\n');
createInterface({ input: process.stdin }).on('line', () => process.stdout.write(`leading ${leadership.leading}\n`));
if (!lead.aborted) await once(lead, 'abort');
process.stdout.write('over\n');
