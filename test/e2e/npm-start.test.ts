import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Client } from './support/client.ts';
import { http } from './support/http.ts';
import { endsWell, isRefused, launcherPorts, portFlags, up, useLauncher } from './support/launcher.ts';
import { until } from './support/wait.ts';

describe('npm start', () => {
  const launcher = useLauncher();

  test('brings up the system, says what to try, and Ctrl-C stops all of it and leaves nothing', async () => {
    const { api, gateways } = launcher().ports;
    const [first, second] = gateways;
    const run = launcher().npmStart();
    await up(run);
    const client = new Client('alice', [`ws://127.0.0.1:${first}/websocket/connect/alice`]);
    await until('a client is connected', () => client.connected);
    expect(run.stdout).toContain(`dashboard  http://127.0.0.1:${api}`);
    expect((await http('GET', `http://127.0.0.1:${api}/`)).text).toContain('<title>wscluster</title>');
    const owner = JSON.parse((await http('GET', `http://127.0.0.1:${api}/api/v1/owner?key=alice`)).text) as {
      nodeId: string;
    };
    expect(client.node).toBe(owner.nodeId);
    const sent = await http('POST', `http://127.0.0.1:${second}/websocket/send?userId=alice`, 'hello');
    expect(sent).toMatchObject({ status: 200 });
    await until('the message has arrived', () => client.pushed.includes('hello'));
    for (const port of gateways) expect(run.stdout).toMatch(new RegExp(`gateways .*ws://127\\.0\\.0\\.1:${port}\\b`));
    expect(run.stdout).toContain(`npx wscat -c ws://127.0.0.1:${first}/websocket/connect/alice\n`);
    expect(run.stdout).toContain(`http://127.0.0.1:${api}/api/v1/clusters`);
    expect(run.stdout).not.toMatch(/^\{/m);
    expect(run.stdout).not.toMatch(/WARN.*\bbus\b/);
    client.stop();

    await endsWell(run);
    expect(launcher().running()).toEqual([]);
    for (const port of [api, ...gateways])
      await expect(http('GET', `http://127.0.0.1:${port}/`)).rejects.toThrow('ECONNREFUSED');
  });

  test('started again, it goes on with the nodes that were added', async () => {
    const api = `http://127.0.0.1:${launcher().ports.api}/api/v1`;
    const replicas = async () =>
      (
        JSON.parse((await http('GET', `${api}/clusters/chat`)).text) as {
          spec: { nodes: { replicas: number } };
        }
      ).spec.nodes.replicas;
    const once = launcher().npmStart();
    await up(once);
    await http('POST', `${api}/nodes`);
    await endsWell(once);
    const again = launcher().npmStart();
    await up(again);
    expect(await replicas()).toBe(4);
    await endsWell(again);
  });

  test('killed hard, it takes its parts along, and can be started again', async () => {
    const run = launcher().npmStart();
    await up(run);
    process.kill(launcher().pidOf('cli/src/main.ts'), 'SIGKILL');
    await until('nothing is left', () => launcher().running().length === 0, 15_000);
    // Its pid may be that of another process by now.
    const record = JSON.stringify({ pid: process.pid, identity: 'start-1' });
    writeFileSync(join(launcher().state, 'launcher.json'), record);
    const again = launcher().npmStart();
    await up(again);
    await endsWell(again);
  });

  test('a second one on the same state folder is refused at once, whatever its ports, and the first one goes on', async () => {
    const { state, ports } = launcher();
    const first = launcher().npmStart();
    await up(first);
    const client = new Client('alice', [`ws://127.0.0.1:${ports.gateways[0]}/websocket/connect/alice`]);
    await until('a client is connected', () => client.connected);
    const nodes = launcher().nodePids();
    expect(nodes).toHaveLength(3);
    const said = first.stdout.length;

    const pid = launcher().pidOf('cli/src/main.ts');
    const why = `the state folder ${state} is in use by process ${pid}: stop that first, or choose another folder`;
    await isRefused(launcher().npmStart(), why);
    await isRefused(launcher().dev(portFlags(await launcherPorts())), why);
    expect(launcher().nodePids()).toEqual(nodes);
    expect(client).toMatchObject({ connected: true, closes: [] });
    expect(first.stdout.slice(said)).not.toMatch(/WARN|ERROR|ended/);
    client.stop();
    await endsWell(first);
  });
});
