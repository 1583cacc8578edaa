import { describe, expect, test, vi } from 'vitest';
import type { ContainerState, Pod } from './pod.ts';
import { type PodFacts, podFacts, portProblem } from './pod-facts.ts';
import { PodHistory } from './pod-history.ts';

const cluster = { name: 'chat', namespace: 'prod', uid: 'u1', id: 'prod.chat' };

interface Shape {
  ready?: boolean;
  state?: ContainerState;
  lastState?: ContainerState;
  restartCount?: number;
  phase?: string;
  podIP?: string;
  restartPolicy?: string;
  metadata?: Partial<Pod['metadata']>;
  ports?: { containerPort: number; protocol?: string }[];
}
const running = { running: {} };
const crashed = { terminated: { exitCode: 1 } };

function podOf(shape: Shape): Pod {
  const {
    ready = false,
    state = running,
    lastState = {},
    restartCount = 0,
    phase = 'Running',
    podIP = '10.0.0.1',
  } = shape;
  const { restartPolicy = 'Always', metadata = {}, ports = [] } = shape;
  return {
    metadata: { name: 'chat-a', uid: 'a', resourceVersion: '1', ...metadata },
    spec: {
      containers: [
        { name: 'node', ports },
        { name: 'sidecar', ports: [{ containerPort: 8080 }] },
      ],
      restartPolicy,
    },
    status: {
      phase,
      podIP,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [
        { name: 'sidecar', restartCount: 9, state: crashed },
        { name: 'node', restartCount, state, lastState },
      ],
    },
  };
}
function facts(shape: Shape): PodFacts {
  const found = podFacts(podOf(shape), cluster);
  if (found === undefined) throw new Error('it is none of ours');
  return found;
}
/** The phases of one pod that goes through these shapes. */
function phases(...shapes: Shape[]): string[] {
  const history = new PodHistory(60_000);
  return shapes.map((shape) => history.observe([facts(shape)])[0]?.phase ?? '');
}
const deleted = { deletionTimestamp: '2026-01-01T00:01:15Z', deletionGracePeriodSeconds: 75 };
const asked = { annotations: { 'wscluster.io/drain': '2026-01-01T00:00:30.000Z' } };

describe('who made a pod, and from which template', () => {
  const owned = (kind: string, name: string, labels: Record<string, string>, controller = true) =>
    facts({
      metadata: { labels, ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: `uid of ${name}`, controller }] },
    }).made;

  test.each([
    ['Deployment', 'ReplicaSet', 'my-web-7d9', { 'pod-template-hash': '7d9' }, 'Deployment/my-web', '7d9'],
    ['StatefulSet', 'StatefulSet', 'web', { 'controller-revision-hash': 'web-5f' }, 'uid of web', 'web-5f'],
    ['DaemonSet', 'DaemonSet', 'web', { 'controller-revision-hash': '5f' }, 'uid of web', '5f'],
  ])('a %s', (_, kind, name, labels, by, template) => {
    expect(owned(kind, name, labels)).toEqual({ by, template });
  });

  test('is not known of a pod of a bare ReplicaSet, of one that only has such a label, and of one of nobody', () => {
    expect(owned('ReplicaSet', 'web', {})).toBeUndefined();
    expect(owned('ReplicaSet', 'web', { 'pod-template-hash': '7d9' })).toBeUndefined();
    expect(owned('ReplicaSet', 'web-7d9', { 'pod-template-hash': '7d9' }, false)).toBeUndefined();
    expect(facts({ metadata: { labels: { 'pod-template-hash': '7d9' } } }).made).toBeUndefined();
  });
});

describe('a pod', () => {
  test('starts, is ready, is not for a while, and is again', () => {
    const creating = { state: { waiting: { reason: 'ContainerCreating' } }, podIP: '' };
    expect(phases(creating, {}, { ready: true }, {}, { ready: true })).toEqual([
      'starting',
      'starting',
      'ready',
      'unready',
      'ready',
    ]);
  });

  test('is restarting from its crash until it is ready again', () => {
    const waiting = { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: crashed };
    const again = { restartCount: 1, lastState: crashed };
    expect(phases({ ready: true }, { state: crashed }, waiting, again, { ...again, ready: true }, again)).toEqual([
      'ready',
      'restarting',
      'restarting',
      'restarting',
      'ready',
      'unready',
    ]);
    // Seen first when it is not ready, it may be either.
    expect(phases(again)).toEqual(['starting']);
  });

  test('is gone when it is not started again', () => {
    expect(phases({ state: crashed, restartPolicy: 'Never' })).toEqual(['gone']);
    expect(phases({ state: crashed, restartPolicy: 'OnFailure' })).toEqual(['restarting']);
    expect(phases({ state: { terminated: { exitCode: 0 } }, restartPolicy: 'OnFailure' })).toEqual(['gone']);
    expect(phases({ phase: 'Failed', state: running, ready: true })).toEqual(['gone']);
    expect(phases({ phase: 'Succeeded' })).toEqual(['gone']);
  });

  test('is draining while it is deleted or asked to leave, and gone when its container has ended then', () => {
    for (const metadata of [deleted, asked])
      expect(phases({ ready: true }, { ready: true, metadata }, { metadata }, { metadata, state: crashed })).toEqual([
        'ready',
        'draining',
        'draining',
        'gone',
      ]);
    expect(phases({ ready: true, metadata: { annotations: { 'wscluster.io/drain': 'false' } } })).toEqual(['ready']);
  });

  test('is not ready without an address', () => {
    expect(phases({ ready: true, podIP: '' })).toEqual(['starting']);
  });

  test('tells since when it leaves: the earliest of what is known', () => {
    const history = new PodHistory(60_000);
    const since = (metadata: Partial<Pod['metadata']>) => {
      const observed = facts({ metadata });
      history.observe([observed]);
      return history.drainingSince(observed);
    };
    expect(since({})).toBeUndefined();
    expect(since(deleted)).toBe(Date.parse('2026-01-01T00:00:00Z'));
    expect(since(asked)).toBe(Date.parse('2026-01-01T00:00:30Z'));
    expect(since({ ...asked, ...deleted })).toBe(Date.parse('2026-01-01T00:00:00Z'));
    const before = Date.now();
    const byPerson = { annotations: { 'wscluster.io/drain': 'true' } };
    const seen = since(byPerson);
    expect(seen).toBeGreaterThanOrEqual(before);
    expect(since(byPerson)).toBe(seen);
  });
});

test('a pod that is deleted is overdue by our own clock, from when we saw it', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const history = new PodHistory(60_000);
    const overdue = (metadata: Partial<Pod['metadata']> = {}) => {
      const observed = facts({ metadata });
      history.observe([observed]);
      return history.overdueMs(observed);
    };
    expect(overdue()).toBeUndefined();
    // By the clock of the API server it should have ended long ago.
    expect(overdue(deleted)).toBe(-75_000);
    vi.advanceTimersByTime(80_000);
    expect(overdue(deleted)).toBe(5_000);
  } finally {
    vi.useRealTimers();
  }
});

describe('a pod that has ended', () => {
  test('is listed as gone, deleted or not, for the time that is given', () => {
    const history = new PodHistory(60_000);
    history.observe([facts({ ready: true }), facts({ metadata: { uid: 'b' } })]);
    history.observe([facts({ phase: 'Failed' })]);
    expect(history.departed.map(({ id, phase }) => [id, phase]).sort()).toEqual([
      ['a', 'gone'],
      ['b', 'gone'],
    ]);
    expect(history.removable).toEqual([]);
  });

  test('is to be removed after that time when it is ours', () => {
    const history = new PodHistory(-1);
    const ours = {
      labels: { 'wscluster.io/role': 'node' },
      ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: 'u1' }],
    };
    history.observe([facts({ phase: 'Failed', metadata: ours }), facts({ phase: 'Failed', metadata: { uid: 'b' } })]);
    expect(history.departed).toEqual([]);
    expect(history.removable).toEqual(['a']);
  });

  test('is a node again when it comes back', () => {
    const history = new PodHistory(60_000);
    history.observe([facts({ ready: true })]);
    history.observe([]);
    expect(history.departed).toHaveLength(1);
    history.observe([facts({ ready: true })]);
    expect(history.departed).toEqual([]);
  });
});

describe('what a pod says of itself', () => {
  test('unusable annotations count as none, in words', () => {
    const annotated = (weight: string, limit: string, port: string, drain: string) => {
      const annotations = {
        'wscluster.io/weight': weight,
        'wscluster.io/max-connections': limit,
        'wscluster.io/port': port,
        'wscluster.io/drain': drain,
      };
      return facts({ metadata: { annotations } });
    };
    const read = annotated('much', '1e3', '0', 'soon');
    expect([read.weight, read.maxConnections, read.port, read.drain]).toEqual(Array(4).fill(undefined));
    expect(read.problems.join()).toMatch(
      /drain is "soon".*weight is "much".*max-connections is "1e3": must be a whole number.*port is "0"/,
    );
    const good = annotated('2.5', '500', '9000', 'false');
    expect([good.weight, good.maxConnections, good.port, good.problems]).toEqual([2.5, 500, 9000, []]);
  });

  test('a port that is not among those it declares, if it declares any', () => {
    const problem = (ports: { containerPort: number; protocol?: string }[], annotations: Record<string, string> = {}) =>
      portProblem(facts({ ports, metadata: { annotations } }), 8080);
    expect(problem([])).toBeUndefined();
    expect(problem([{ containerPort: 8080, protocol: 'UDP' }])).toBeUndefined();
    expect(problem([{ containerPort: 9000 }, { containerPort: 8080, protocol: 'TCP' }])).toBeUndefined();
    expect(problem([{ containerPort: 9000 }])).toMatch(/chat-a .*port 8080.*declares only 9000: set nodes\.port/);
    expect(problem([{ containerPort: 9000 }], { 'wscluster.io/port': '9000' })).toBeUndefined();
    expect(problem([{ containerPort: 8080 }], { 'wscluster.io/port': '9000' })).toContain('port 9000');
  });

  test('why it is not ready', () => {
    const waiting = { reason: 'ErrImagePull', message: 'no such image' };
    expect(facts({ state: { waiting } }).reason).toBe('ErrImagePull: no such image');
    expect(facts({ state: { waiting: { reason: 'ContainerCreating' } } }).reason).toBe('');
    expect(facts({ state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } })).toMatchObject({
      reason: 'OOMKilled',
      exitCode: 137,
    });
  });

  test('pods of other clusters, gateways, and nodes of a former cluster of the name are none of ours', () => {
    const labelled = (labels: Record<string, string>) => podFacts(podOf({ metadata: { labels } }), cluster);
    expect(labelled({ app: 'chat' })).toMatchObject({ managed: false });
    expect(labelled({ 'wscluster.io/cluster': 'chat' })).toMatchObject({ managed: false });
    expect(labelled({ 'wscluster.io/cluster': 'other' })).toBeUndefined();
    expect(labelled({ 'wscluster.io/cluster': 'chat', 'wscluster.io/role': 'gateway' })).toBeUndefined();
    expect(labelled({ 'wscluster.io/cluster': 'chat', 'wscluster.io/role': 'node' })).toBeUndefined();
  });
});
