import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { baseImages, type DockerEngine, dockerEngine } from '@wscluster/testbed';
import { afterEach, expect, test } from 'vitest';
import { processesNaming } from '../e2e/support/processes.ts';
import { until } from '../e2e/support/wait.ts';

/** Another process may have the engine for some minutes. */
const PATIENCE = 600_000;

let engine: DockerEngine | undefined;
afterEach(() => engine?.dispose(), 60_000);

async function engineWithImages(options?: Parameters<typeof dockerEngine>[0]): Promise<DockerEngine> {
  engine = await dockerEngine(options);
  await baseImages(engine);
  return engine;
}

/** What has ended, but was not yet waited for, has no command line. */
function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`).length > 0;
}

test(
  'containers go on while the engine is down, and are known again when it is back',
  async () => {
    const docker = await engineWithImages();
    const script = 'setInterval(() => {}, 1000); console.log(process.version)';
    const id = (await docker.docker('run', '--detach', 'node:24-bookworm-slim', '--eval', script)).trim();
    const pid = Number(await docker.docker('inspect', '--format', '{{.State.Pid}}', id));
    await docker.kill();
    expect(docker.pid).toBeUndefined();
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    await expect(docker.docker('ps')).rejects.toThrow(/Cannot connect/);
    await docker.start();
    expect(await docker.docker('inspect', '--format', '{{.State.Running}} {{.State.Pid}}', id)).toBe(`true ${pid}\n`);
    expect((await docker.docker('logs', id)).trim()).toBe(process.version);
  },
  PATIENCE,
);

test(
  'compose brings up a file, and names its containers',
  async () => {
    const docker = await engineWithImages();
    const folder = mkdtempSync(join(tmpdir(), 'wsc-compose-'));
    try {
      const file = join(folder, 'compose.yaml');
      writeFileSync(file, 'services:\n  cache: { image: "redis:7.0" }\n');
      await docker.docker('compose', '--file', file, '--project-name', 'pair', 'up', '--detach', '--scale', 'cache=2');
      expect(await docker.docker('exec', 'pair-cache-2', 'redis-cli', 'ping')).toBe('PONG\n');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  PATIENCE,
);

test(
  'TLS asks clients for a certificate',
  async () => {
    const docker = await engineWithImages({ tls: true });
    const { address, tcpHost: DOCKER_HOST = '', certPath: DOCKER_CERT_PATH = '' } = docker;
    await docker.dockerWith({ env: { DOCKER_HOST, DOCKER_CERT_PATH, DOCKER_TLS_VERIFY: '1' } }, 'version');
    const ca = readFileSync(join(DOCKER_CERT_PATH, 'ca.pem'));
    const nameless = get(`https://${address}/version`, { ca, agent: false });
    await expect(once(nameless, 'response')).rejects.toThrow(/alert .*certificate/);
  },
  PATIENCE,
);

test(
  'a disposed engine leaves no container, network or process, also after it was killed',
  async () => {
    const docker = await engineWithImages();
    await docker.docker('network', 'create', 'left');
    const container = await docker.docker('run', '--detach', '--network', 'left', 'redis:7.0');
    const pid = Number(await docker.docker('inspect', '--format', '{{.State.Pid}}', container.trim()));
    const own = [pid, ...processesNaming(dirname(docker.address)).map((named) => named.pid)];
    expect(own.length).toBeGreaterThan(1);
    await docker.kill();
    await docker.dispose();
    // By number: another run may have an engine in the same folder by now.
    await until('its processes have ended', () => !own.some(isRunning));
    const next = await engineWithImages();
    expect(await next.docker('ps', '--all', '--quiet')).toBe('');
    expect(await next.docker('network', 'ls', '--quiet', '--filter', 'name=left')).toBe('');
  },
  PATIENCE,
);

test(
  'what a killed run has left is ended by the kernel, and its containers by the next engine',
  async () => {
    await (await engineWithImages()).dispose();
    const script = `
      import { dockerEngine } from '@wscluster/testbed';
      const engine = await dockerEngine();
      const id = await engine.docker('run', '--detach', 'redis:7.0');
      const container = await engine.docker('inspect', '--format', '{{.State.Pid}}', id.trim());
      process.stdout.write(engine.pid + ' ' + container, () => process.kill(process.pid, 'SIGKILL'));`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { cwd: import.meta.dirname });
    const [printed, [, signal]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect(signal).toBe('SIGKILL');
    const [dockerd = 0, container = 0] = printed.split(' ').map(Number);
    await until('dockerd has ended', () => !isRunning(dockerd));
    expect(isRunning(container)).toBe(true);
    engine = await dockerEngine();
    expect(isRunning(container)).toBe(false);
    expect(await engine.docker('ps', '--all', '--quiet')).toBe('');
  },
  PATIENCE,
);
