import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Leadership } from '@wscluster/controller';
import { openLeadership } from '@wscluster/controller/core/term';
import { connectKubernetes } from '@wscluster/controller/kubernetes/client';
import { openLeaseLock } from '@wscluster/controller/kubernetes/lease';
import { sharedLeadership } from '@wscluster/controller/kubernetes/lease/shared';
import { type KubernetesApi, kubernetesApi } from '@wscluster/testbed/kubernetes';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { get } from '../kubernetes/support/objects.ts';
import { leadershipContract } from './leadership.ts';
import { inTime } from './support/in-time.ts';
import { newNamespace, relayedApi } from './support/kubernetes-client.ts';
import { recordingLog } from './support/log-lines.ts';

const NAME = 'wscluster-controller';
const DURATION_MS = 2_000;
/** A process may take so long to start on a busy machine. */
const STARTED_MS = 60_000;
const holder = fileURLToPath(new URL('support/lease-holder.ts', import.meta.url));
const never = new AbortController().signal;

let api: KubernetesApi;
beforeAll(async () => {
  api = await kubernetesApi();
});
afterAll(() => api.dispose());

/** Candidates for one Lease, each behind a relay of its own. */
async function harness(view: (leadership: Leadership) => Leadership = (leadership) => leadership) {
  const namespace = await newNamespace(api);
  const cuts = new Map<Leadership, () => void>();
  const closes: (() => Promise<void>)[] = [];
  const { log } = recordingLog();
  return {
    async candidate() {
      const { kubeconfig, relay, close } = await relayedApi(api);
      const kube = connectKubernetes({ kubeconfig, log });
      const options = { kube, namespace, name: NAME, identity: `c-${cuts.size}`, url: `http://c-${cuts.size}:7080` };
      const leadership = openLeadership(openLeaseLock({ ...options, leaseDurationMs: DURATION_MS }), log);
      const candidate = view(leadership);
      cuts.set(candidate, () => relay.cutOff());
      closes.push(async () => {
        await leadership.close();
        kube.close();
        await close();
      });
      return candidate;
    },
    cutOff: async (candidate: Leadership) => cuts.get(candidate)?.(),
    async dispose() {
      for (const close of closes) await close();
    },
  };
}

leadershipContract('the Lease', true, () => harness());
// A view gives nothing up for others: here each process has one view only, and leads by it.
leadershipContract('a view of a shared lead', false, () =>
  harness((leadership) => sharedLeadership(leadership).view()),
);

describe('the Lease', () => {
  const closes: (() => Promise<void> | void)[] = [];
  const children = new Set<ChildProcess>();
  let namespace: string;
  let logged: ReturnType<typeof recordingLog>;
  beforeEach(async () => {
    if (api.pid === undefined) await api.startApi();
    namespace = await newNamespace(api);
    logged = recordingLog();
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
    for (const close of closes.splice(0)) await close();
  });

  function candidate(url: string, durationMs = DURATION_MS, kubeconfig = api.kubeconfig): Leadership {
    const { log } = logged;
    const kube = connectKubernetes({ kubeconfig, log });
    const lock = openLeaseLock({ kube, namespace, name: NAME, identity: 'pod', url, leaseDurationMs: durationMs });
    const leadership = openLeadership(lock, log);
    closes.push(async () => {
      await leadership.close();
      kube.close();
    });
    return leadership;
  }
  function startProcess(url: string) {
    const child = spawn(process.execPath, [holder, api.kubeconfig, namespace, url, String(DURATION_MS)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.add(child);
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    return { child, lines };
  }
  interface SeenLease {
    readonly metadata: { readonly annotations?: Record<string, string> };
    readonly spec: Record<string, unknown>;
  }
  const seen = () => get<SeenLease>(api, 'leases', NAME, namespace);
  const patch = async (change: object) => {
    await api.kubectl('patch', 'lease', NAME, '-n', namespace, '--type=merge', '-p', JSON.stringify(change));
  };
  const events = () => logged.warnings.map(({ event }) => event);

  test('says who leads, since when, and where its API is; empty when it is given up', async () => {
    const [first, onlooker] = [candidate('http://first:7080'), candidate('http://onlooker:7080')];
    expect(await onlooker.leader()).toBeUndefined();
    await first.elected(never);
    const micro = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(await seen()).toMatchObject({
      metadata: { annotations: { 'wscluster.io/api': 'http://first:7080' } },
      spec: {
        holderIdentity: expect.stringMatching(/^pod_/),
        leaseDurationSeconds: DURATION_MS / 1000,
        acquireTime: micro,
        renewTime: micro,
        leaseTransitions: 0,
      },
    });
    expect(await onlooker.leader()).toBe('http://first:7080');
    expect(await first.leader()).toBe('http://first:7080');
    await first.release();
    expect(await onlooker.leader()).toBeUndefined();
    const { metadata, spec } = await seen();
    expect([spec.holderIdentity ?? '', metadata.annotations?.['wscluster.io/api']]).toEqual(['', undefined]);
    await onlooker.elected(never);
    expect((await seen()).spec.leaseTransitions).toBe(1);
  });

  test('is kept over many times of it, whatever somebody writes beside it', async () => {
    const [first, second] = [candidate('http://first:7080', 2_000), candidate('http://second:7080', 2_000)];
    const lead = await first.elected(never);
    const waiting = new AbortController();
    const elected = second.elected(waiting.signal);
    const from = performance.now();
    let notes = 0;
    while (performance.now() - from < 6_000) await patch({ metadata: { annotations: { note: String(notes++) } } });
    expect([first.leading, lead.aborted, second.leading]).toEqual([true, false, false]);
    expect((await seen()).metadata.annotations?.note).toBe(String(notes - 1));
    expect(await first.confirm()).toBe(true);
    waiting.abort();
    await expect(elected).rejects.toThrow();
    expect(events()).toEqual([]);
  });

  test('goes to the other one within 1.5 s after a release', async () => {
    const [first, second] = [candidate('http://first:7080', 15_000), candidate('http://second:7080', 15_000)];
    await first.elected(never);
    const elected = second.elected(never);
    const from = performance.now();
    await first.release();
    await elected;
    expect(performance.now() - from).toBeLessThan(1_500);
  });

  test('goes to the other one after kill -9, within its time and 1.5 s, whatever somebody writes beside it', async () => {
    const { child, lines } = startProcess('http://killed:7080');
    await until('it leads', () => lines.includes('leads'), STARTED_MS);
    const second = candidate('http://second:7080');
    const elected = second.elected(never);
    await until('the other one has seen it', async () => (await second.leader()) === 'http://killed:7080');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const from = performance.now();
    let electedAfter: number | undefined;
    void elected.then(() => {
      electedAfter = performance.now() - from;
    });
    for (let n = 0; electedAfter === undefined && n < 100; n++)
      await patch({ metadata: { annotations: { note: String(n) } } });
    expect(electedAfter).toBeLessThan(DURATION_MS + 1_500);
    expect(await second.leader()).toBe('http://second:7080');
  });

  test('of a leader that was stopped is known to it to be lost at once, when it goes on', async () => {
    const { child, lines } = startProcess('http://stopped:7080');
    await until('it leads', () => lines.includes('leads'), STARTED_MS);
    child.kill('SIGSTOP');
    await candidate('http://second:7080').elected(never);
    child.stdin?.write('?\n');
    child.kill('SIGCONT');
    await until('it says so', () => lines.length >= 3);
    expect(lines.filter((line) => line.startsWith('leading'))).toEqual(['leading false']);
    expect(lines).toContain('over');
    expect((await seen()).metadata.annotations).toMatchObject({ 'wscluster.io/api': 'http://second:7080' });
  });

  test('is known to be over before anything else runs, by a leader that was busy for longer', async () => {
    const first = candidate('http://first:7080');
    const lead = await first.elected(never);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, DURATION_MS);
    expect([first.leading, lead.aborted]).toEqual([false, false]);
    await until('it is over', () => lead.aborted);
  });

  test('outlives an API server that is away for less than its time', async () => {
    const first = candidate('http://first:7080', 60_000);
    const lead = await first.elected(never);
    await api.killApi();
    expect(await first.confirm()).toBe(false);
    await api.startApi();
    await until('it is confirmed', async () => await first.confirm());
    expect([first.leading, lead.aborted]).toEqual([true, false]);
    expect(events().filter((event) => event !== 'kubernetes-unreachable')).toEqual([]);
  });

  test('is over in time when the API server is away for longer, and is had again when it is back', async () => {
    const first = candidate('http://first:7080');
    const lead = await first.elected(never);
    await Promise.all([inTime(DURATION_MS, once(lead, 'abort')), api.killApi()]);
    expect(first.leading).toBe(false);
    const again = first.elected(never);
    await api.startApi();
    expect((await again).aborted).toBe(false);
    expect(events().sort()).toEqual(['kubernetes-unreachable', 'lease-lost']);
  });

  test('is over in time when the API server hangs, and its return gives it again', async () => {
    const first = candidate('http://first:7080');
    const lead = await first.elected(never);
    api.freeze();
    try {
      await once(lead, 'abort');
      expect(first.leading).toBe(false);
      await expect(first.leader()).rejects.toThrow();
      await first.release(); // in vain, but not for ever
    } finally {
      api.thaw();
    }
    await first.elected(never);
    expect(first.leading).toBe(true);
  });

  test('stands for a leader that is followed while the API server hangs, and is its own again afterwards', async () => {
    const first = candidate('http://first:7080');
    const lead = await first.elected(never);
    const gateway = setInterval(() => first.followed(), 50);
    api.freeze();
    try {
      await until('the leader stands in', () => first.standingIn);
      api.thaw();
      await until('it leads again', () => first.leading);
      expect(lead.aborted).toBe(false);
    } finally {
      api.thaw();
      clearInterval(gateway);
    }
  });

  test('is made again by its leader when it is deleted', async () => {
    const first = candidate('http://first:7080');
    const lead = await first.elected(never);
    await api.kubectl('delete', 'lease', NAME, '-n', namespace);
    await until(
      'it is there',
      async () =>
        await seen().then(
          () => true,
          () => false,
        ),
    );
    expect([first.leading, lead.aborted]).toEqual([true, false]);
    expect(events()).toEqual([]);
  });

  test('that is deleted is not taken by the other one while its leader goes on', async () => {
    const [first, second] = [candidate('http://first:7080', 6_000), candidate('http://second:7080', 6_000)];
    const lead = await first.elected(never);
    const waiting = new AbortController();
    const elected = second.elected(waiting.signal);
    await until('the other one has seen it', async () => (await second.leader()) === 'http://first:7080');
    await api.kubectl('delete', 'lease', NAME, '-n', namespace);
    await until('it is there again', async () => (await second.leader()) !== undefined);
    expect(await second.leader()).toBe('http://first:7080');
    expect([first.leading, lead.aborted, second.leading]).toEqual([true, false, false]);
    waiting.abort();
    await expect(elected).rejects.toThrow();
  });

  test('in other hands is left to them', async () => {
    const first = candidate('http://first:7080');
    const lead = await first.elected(never);
    await patch({ spec: { holderIdentity: 'somebody' } });
    if (!lead.aborted) await once(lead, 'abort');
    expect(first.leading).toBe(false);
    await first.release();
    expect((await seen()).spec.holderIdentity).toBe('somebody');
    expect(logged.warnings).toEqual([expect.objectContaining({ event: 'lease-lost', action: expect.any(String) })]);
  });

  test('without the right to it: it is told once, and leading begins when that is given', async () => {
    const user = `user-${namespace}`;
    const first = candidate('http://first:7080', DURATION_MS, await api.kubeconfigFor({ user }));
    const elected = first.elected(never);
    await until('it is told', () => logged.warnings.length > 0);
    await api.kubectl('create', 'role', 'lead', '--verb=get,create,update', '--resource=leases', '-n', namespace);
    await api.kubectl('create', 'rolebinding', 'lead', '--role=lead', `--user=${user}`, '-n', namespace);
    await elected;
    expect(logged.warnings).toEqual([
      expect.objectContaining({ event: 'lease-refused', msg: expect.stringContaining('allow the verb get on leases') }),
    ]);
  });

  test('is not waited for any more by who is closed', async () => {
    const [first, second] = [candidate('http://first:7080'), candidate('http://second:7080')];
    await first.elected(never);
    const elected = expect(second.elected(never)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    await second.close();
    await elected;
    await expect(second.elected(never)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(first.leading).toBe(true);
  });

  test('of no whole second is refused', () => {
    expect(() => candidate('http://first:7080', 500)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  test('shared by clusters is one: all lead together, one that gives up does so alone, and all lose it together', async () => {
    const first = candidate('http://first:7080');
    const shared = sharedLeadership(first);
    const [a, b] = [shared.view(), shared.view()];
    const [leadA, leadB] = await Promise.all([a.elected(never), b.elected(never)]);
    expect([a.leading, b.leading, await a.confirm()]).toEqual([true, true, true]);
    expect((await seen()).spec.leaseTransitions).toBe(0);
    await a.release();
    expect([a.leading, leadA.aborted, await a.confirm()]).toEqual([false, true, false]);
    expect([b.leading, leadB.aborted, first.leading]).toEqual([true, false, true]);
    await a.elected(never);
    await a.close();
    await expect(a.elected(never)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(b.leading).toBe(true);
    await patch({ spec: { holderIdentity: 'somebody' } });
    if (!leadB.aborted) await once(leadB, 'abort');
    expect(b.leading).toBe(false);
    const waiting = new AbortController();
    const again = expect(b.elected(waiting.signal)).rejects.toThrow();
    waiting.abort();
    await again;
    await shared.close();
    await expect(b.elected(never)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });
});
