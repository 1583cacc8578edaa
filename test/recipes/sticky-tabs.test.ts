import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { System } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { required } from './support/required.ts';

const TABS = 100;
const PATIENCE_MS = 300_000;

/** What a tab has seen: the nodes of its connections, and the codes with which they ended. */
interface Seen {
  readonly nodes: string[];
  readonly closes: number[];
}

let system: System | undefined;
let browser: BrowserContext | undefined;
const profile = mkdtempSync(join(tmpdir(), 'wsc-tabs-'));

afterEach(async () => {
  await browser?.close();
  await system?.stop();
  rmSync(profile, { recursive: true, force: true });
});

/** Tabs of one browser. Each has a host name of its own, and so a cookie of its own. */
async function openTabs(context: BrowserContext, of: System): Promise<Page[]> {
  const tabs: Page[] = [];
  for (let n = 0; n < TABS; n++) {
    const tab = await context.newPage();
    await tab.goto(`http://tab-${n}.test:${of.gateways[n % 2]?.port}/`);
    tabs.push(tab);
  }
  return tabs;
}

test(
  '100 tabs with a cookie of the gateway stay with their node when their gateway restarts, and move once when it drains',
  async () => {
    const server = fileURLToPath(new URL('./support/sticky-server.mjs', import.meta.url));
    system = await System.start({
      command: ['node', server],
      routes: [{ prefix: '/', key: { cookie: 'wsc', generate: {} } }],
    });
    browser = await chromium.launchPersistentContext(profile, {
      executablePath: required('WSCLUSTER_TEST_CHROMIUM'),
      headless: true,
      args: [
        ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
        // 100 tabs in few processes.
        ...[
          '--renderer-process-limit=2',
          '--disable-site-isolation-trials',
          '--host-resolver-rules=MAP *.test 127.0.0.1',
        ],
      ],
    });
    const tabs = await openTabs(browser, system);
    const look = () => Promise.all(tabs.map((tab) => tab.evaluate<Seen>('seen')));
    const when = async (what: string, is: (seen: Seen, tab: number) => boolean): Promise<Seen[]> => {
      let all: Seen[] = [];
      await until(
        what,
        async () => {
          all = await look();
          return all.every(is);
        },
        60_000,
        500,
      );
      return all;
    };

    const first = await when('all tabs are connected', ({ nodes }) => nodes.length > 0);
    const nodeOf = first.map(({ nodes }) => nodes[0] ?? '');
    expect(new Set(nodeOf).size).toBe(3);

    await system.gateways[0]?.process.end('SIGTERM');
    system.startGateway(0);
    const isOfGateway0 = (tab: number) => tab % 2 === 0;
    const second = await when(
      'the tabs of the restarted gateway are back',
      ({ nodes }, tab) => nodes.length === (isOfGateway0(tab) ? 2 : 1),
    );
    second.forEach(({ nodes, closes }, tab) => {
      expect(new Set(nodes)).toEqual(new Set([nodeOf[tab]]));
      expect(closes).toEqual(isOfGateway0(tab) ? [1001] : []);
    });

    await system.settled(3);
    const [drained = ''] = nodeOf;
    const isDrained = (tab: number) => nodeOf[tab] === drained;
    expect((await system.api('DELETE', `/nodes/${drained}?mode=drain`)).status).toBe(202);
    await system.settled(2);
    const third = await when('the tabs of the drained node are at others', ({ nodes }) => nodes.at(-1) !== drained);
    third.forEach(({ nodes, closes }, tab) => {
      const before = second[tab] ?? { nodes: [], closes: [] };
      expect(closes).toEqual(isDrained(tab) ? [...before.closes, 1012] : before.closes);
      expect(nodes).toHaveLength(before.nodes.length + (isDrained(tab) ? 1 : 0));
    });
  },
  PATIENCE_MS,
);
