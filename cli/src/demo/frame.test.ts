import { expect, test } from 'vitest';
import { frame, type Scene, statusLine } from './frame.ts';

const scene: Scene = {
  clients: 30,
  connected: 29,
  moved: 12,
  migrated: 0,
  checked: true,
  echoed: 100,
  lost: 0,
  wrong: 0,
  gateways: 2,
  revision: '1.4',
  cluster: 'the ring is at its target',
  nodes: [
    { id: 'node-a', state: 'ready', clients: 20 },
    { id: 'node-b', state: 'draining', clients: 10 },
  ],
  changing: undefined,
  last: { what: 'added node-b', moved: 12, lastBackMs: 730 },
  logFile: undefined,
};

test('a picture has a bar for each node, as long as its share of the fullest', () => {
  const lines = frame(scene, ['a note'], true, 100);
  const bars = lines.filter((line) => line.includes('█')).map((line) => line.split('█').length - 1);
  expect(bars).toEqual([66, 33]);
  expect(lines).toContain('  change    added node-b: 12 clients moved, the last was back after 0.73 s');
  expect(lines).toContain('  clients   29 of 30 connected, 12 moves so far');
  expect(lines).toContain('  a note');
  expect(lines.at(-1)).toContain('q quit');
});

test('of nodes that are no sample backend it says no more than it knows', () => {
  const other = { ...scene, checked: false };
  expect(frame(other, [], false, 100).join('\n')).not.toMatch(/lost|wrong/);
  expect(statusLine(other)).toMatch(/; 12 moves; the ring is at its target$/);
});

test('moves that no client noticed are shown apart, and nobody knows then who is where', () => {
  const lines = frame({ ...scene, migrated: 40 }, [], false, 100);
  expect(lines).toContain('  clients   29 of 30 connected, 12 moves so far, and 40 that no client noticed');
  expect(lines.join('\n')).not.toContain('at a wrong owner');
});

test('a picture is never wider than the terminal', () => {
  for (const columns of [20, 60, 200])
    for (const line of frame(scene, ['x'.repeat(300)], true, columns)) expect(line.length).toBeLessThanOrEqual(columns);
});

test('a status line says it all where nothing can be drawn', () => {
  expect(statusLine(scene)).toBe(
    '29/30 clients on node-a: 20, node-b (draining): 10; 12 moves; 0 lost, 0 wrong; the ring is at its target',
  );
});
