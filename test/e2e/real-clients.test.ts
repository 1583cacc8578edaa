import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePorts } from '@wscluster/testbed/ports';
import { chromium } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

/** What a client of another kind has seen of one key. */
interface Seen {
  nodes: string[];
  closes: { code: number; clean: boolean }[];
  faults: string[];
}

const KEYS = Array.from({ length: 40 }, (_, n) => `büro ${n}/ü+`);

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests by npm test, which provides it`);
  return value;
}

describe('real clients follow their owner', () => {
  let system: System;
  beforeEach(async () => {
    system = await System.start({ nodes: 2, gateways: 1 });
  });
  afterEach(() => system.stop());

  const url = (key: string) => system.clientUrls(key)[0] ?? '';

  /** Adds a node; then exactly the clients whose owner changed had one clean Close 1012 and are with the new owner. */
  const expectMoves = async (look: () => Promise<Map<string, Seen>>) => {
    const ownerBefore = await system.owners();
    await until(
      'all are connected',
      async () => [...(await look()).values()].filter((s) => s.nodes.length === 1).length === KEYS.length,
      30_000,
    );
    for (const [key, { nodes }] of await look()) expect(nodes).toEqual([ownerBefore(key)]);
    await system.addNode();
    await system.settled(3);
    const ownerAfter = await system.owners();
    const changed = KEYS.filter((key) => ownerBefore(key) !== ownerAfter(key));
    expect(changed.length).toBeGreaterThan(3);
    await until('the moved clients are back', async () => {
      const seen = await look();
      return KEYS.every((key) => seen.get(key)?.nodes.at(-1) === ownerAfter(key));
    });
    for (const [key, { nodes, closes, faults }] of await look()) {
      expect(faults).toEqual([]);
      expect(closes, key).toEqual(changed.includes(key) ? [{ code: 1012, clean: true }] : []);
      expect(nodes, key).toHaveLength(changed.includes(key) ? 2 : 1);
    }
  };

  test("Python's websockets", async () => {
    const script = fileURLToPath(new URL('./support/python-clients.py', import.meta.url));
    const python: ChildProcess = spawn(required('WSCLUSTER_TEST_PYTHON'), [script, ...KEYS.map(url)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const keyOf = new Map(KEYS.map((key) => [url(key), key]));
      const seen = new Map<string, Seen>(KEYS.map((key) => [key, { nodes: [], closes: [], faults: [] }]));
      if (python.stdout === null) throw new Error('no output of python');
      createInterface({ input: python.stdout }).on('line', (text) => {
        const line = JSON.parse(text) as {
          url: string;
          hello?: { node: string; key: string };
          code?: number;
          clean?: boolean;
          fault?: string;
        };
        const key = keyOf.get(line.url) ?? '';
        const of = seen.get(key);
        if (line.hello !== undefined) of?.nodes.push(line.hello.node);
        if (line.hello !== undefined && line.hello.key !== key) of?.faults.push(`greeted as ${line.hello.key}`);
        if (line.code !== undefined) of?.closes.push({ code: line.code, clean: line.clean ?? false });
        if (line.fault !== undefined) of?.faults.push(line.fault);
      });
      await expectMoves(async () => seen);
    } finally {
      const exit = once(python, 'exit');
      python.kill('SIGKILL');
      await exit;
    }
  });

  test("a browser's WebSocket, in Chromium", async () => {
    const profile = mkdtempSync(join(tmpdir(), 'wsc-chromium-'));
    const [pagePort = 0] = await freePorts(1);
    const page = createServer((_req, res) => res.setHeader('content-type', 'text/html').end('<!doctype html>'));
    page.listen(pagePort, '127.0.0.1');
    const browser = await chromium.launchPersistentContext(profile, {
      executablePath: required('WSCLUSTER_TEST_CHROMIUM'),
      headless: true,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    try {
      const tab = await browser.newPage();
      await tab.goto(`http://127.0.0.1:${pagePort}/`);
      await tab.evaluate(
        (targets) => {
          const all: Record<string, Seen> = {};
          Object.assign(globalThis, { seen: all });
          for (const [key, target] of targets) {
            const seen: Seen = { nodes: [], closes: [], faults: [] };
            all[key] = seen;
            const connect = () => {
              const socket = new WebSocket(target);
              let greeted = false;
              socket.onmessage = ({ data }) => {
                if (!greeted) {
                  const hello = JSON.parse(data as string) as { node: string; key: string };
                  seen.nodes.push(hello.node);
                  if (hello.key !== key) seen.faults.push(`greeted as ${hello.key}`);
                  greeted = true;
                  socket.send('hi');
                } else if (data !== 'hi') seen.faults.push(`echo ${String(data)}`);
              };
              socket.onclose = ({ code, wasClean }) => {
                seen.closes.push({ code, clean: wasClean });
                connect();
              };
            };
            connect();
          }
        },
        KEYS.map((key) => [key, url(key)] as const),
      );
      const look = async () =>
        new Map(
          Object.entries(await tab.evaluate(() => (globalThis as unknown as { seen: Record<string, Seen> }).seen)),
        );
      await expectMoves(look);
    } finally {
      await browser.close();
      page.closeAllConnections();
      await once(page.close(), 'close');
      rmSync(profile, { recursive: true, force: true });
    }
  });
});
