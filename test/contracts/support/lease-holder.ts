import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { openLeadership } from '@wscluster/controller/core/term';
import { connectKubernetes } from '@wscluster/controller/kubernetes/client';
import { openLeaseLock } from '@wscluster/controller/kubernetes/lease';
import { silentLogger } from '@wscluster/service';

// A controller that does nothing but lead: prints `leads` once it does, and whenever a line comes in whether it still
// does; `over` when its signal is aborted.
const [kubeconfig, namespace = '', url = '', durationMs] = process.argv.slice(2);
const kube = connectKubernetes({ kubeconfig, log: silentLogger });
const lock = openLeaseLock({
  ...{ kube, namespace, url, name: 'wscluster-controller', identity: 'holder' },
  leaseDurationMs: Number(durationMs),
});
const leadership = openLeadership(lock, silentLogger);
const lead = await leadership.elected(new AbortController().signal);
process.stdout.write('leads\n');
createInterface({ input: process.stdin }).on('line', () => process.stdout.write(`leading ${leadership.leading}\n`));
if (!lead.aborted) await once(lead, 'abort');
process.stdout.write('over\n');
