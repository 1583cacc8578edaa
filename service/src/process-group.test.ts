import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { processesWith, processGroup } from './process-group.ts';

const started: ChildProcess[] = [];
afterEach(() => {
  for (const { pid } of started.splice(0)) {
    try {
      process.kill(-(pid ?? 0), 'SIGKILL');
    } catch {
      // All of it has ended.
    }
  }
});

/** A shell that leads a group, with a `sleep` in it. */
async function shell(env: Record<string, string> = {}): Promise<{ leader: ChildProcess; pid: number }> {
  const leader = spawn('sh', ['-c', 'sleep 600 & echo; wait'], { detached: true, env: { ...process.env, ...env } });
  started.push(leader);
  await once(leader.stdout, 'data');
  return { leader, pid: leader.pid ?? 0 };
}

test('a group has its leader and what that has started, and what is left when the leader has ended', async () => {
  const { leader, pid } = await shell();
  expect(processGroup(pid)).toHaveLength(2);
  leader.kill('SIGKILL');
  await once(leader, 'exit');
  const left = processGroup(pid);
  expect(left).toHaveLength(1);
  for (const member of left) process.kill(member, 'SIGKILL');
  await vi.waitUntil(() => processGroup(pid).length === 0, 30_000);
});

test.runIf(process.platform === 'linux')('processes are found by their environment', async () => {
  const { pid } = await shell({ WSC_TEST_MARK: `/tmp/${process.pid}/one` });
  const found = processesWith('WSC_TEST_MARK', `/tmp/${process.pid}/`);
  expect([...(found?.values() ?? [])]).toEqual([
    { value: `/tmp/${process.pid}/one`, group: pid },
    { value: `/tmp/${process.pid}/one`, group: pid },
  ]);
  expect(processesWith('WSC_TEST_MARK', '/elsewhere/')?.size).toBe(0);
});
