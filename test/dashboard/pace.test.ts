import type { CDPSession } from 'playwright-core';
import { expect, test } from 'vitest';
import { allCounted } from '../e2e/support/counted.ts';
import { Crowd } from '../e2e/support/crowd.ts';
import { System } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { Browser } from './support/browser.ts';
import { cards, rows } from './support/looks.ts';

test('a killed node: its clients show their new owner within 2 s, and it shows as gone', async () => {
  const system = await System.start({ nodes: 3, gateways: 2 });
  const browser = await Browser.open();
  try {
    const page = await browser.page(`http://127.0.0.1:${system.apiPort}/`);
    await page.getByRole('button', { name: '+ 100 clients' }).click();
    await page.getByText('100 of 100 connected').waitFor();
    await allCounted(system, 100);
    const victim = (await cards(page))[0]?.node ?? '';
    const lost = (await cards(page)).filter(({ node }) => node === victim).map(({ key }) => key);
    await page.getByRole('button', { name: `Kill ${victim}` }).click();
    await page.getByText(/^Moves \d+ of 100 connections/).waitFor();
    await page.getByRole('button', { name: 'Kill', exact: true }).click();
    await until(
      'its clients are elsewhere',
      async () => (await cards(page)).every(({ key, node, open }) => !lost.includes(key) || (open && node !== victim)),
      2000,
      50,
    );
    await until('it shows as gone', async () => (await rows(page))[victim]?.state === 'gone');
    await system.settled(3);
    const owners = await system.owners();
    await until('all cards show their owner', async () =>
      (await cards(page)).every(({ key, node, open }) => open && node === owners(key)),
    );
    expect(browser.complaints).toEqual([]);
  } finally {
    await browser.close();
    await system.stop();
  }
});

test('with 50 nodes and 2,000 connections the work of the page leaves most of each second to the browser, and it scrolls', async () => {
  const system = await System.begin({ nodes: 50, gateways: 2 });
  const browser = await Browser.open();
  let crowd: Crowd | undefined;
  try {
    await system.settled(50, 120_000);
    crowd = await Crowd.connect(system, 2000);
    const page = await browser.page(`http://127.0.0.1:${system.apiPort}/`);
    await until('the table has all', async () => Object.keys(await rows(page)).length === 50);
    await page.getByText('2,000').first().waitFor();
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const before = await workOf(session);
    const scrolled = await page.evaluate(async () => {
      const table = document.querySelector('[aria-label="Table of nodes"]');
      const start = performance.now();
      while (performance.now() - start < 3000) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
        table?.scrollBy(0, 20);
      }
      return table?.scrollTop ?? 0;
    });
    const { work, at } = await workOf(session);
    expect(scrolled).toBeGreaterThan(500);
    // Not the frames that are painted: without a GPU their rate is that of the machine.
    expect((work - before.work) / (at - before.at)).toBeLessThan(0.3);
  } finally {
    crowd?.stop();
    await browser.close();
    await system.stop();
  }
}, 240_000);

/** Seconds that script, style and layout of a page have taken since the session began, and when that was so. */
async function workOf(session: CDPSession): Promise<{ work: number; at: number }> {
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
  return { work: of('ScriptDuration') + of('LayoutDuration') + of('RecalcStyleDuration'), at: of('Timestamp') };
}
