import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { System } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { violations } from './support/axe.ts';
import { Browser } from './support/browser.ts';
import { cards, rows } from './support/looks.ts';

const WIDTH = 390;
/** What a finger hits, as WCAG 2.5.5 has it. */
const TARGET = 44;

describe('the dashboard on a phone', () => {
  let system: System;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    system = await System.start({ nodes: 2, gateways: 2 });
    browser = await Browser.open();
  });
  beforeEach(async () => {
    page = await browser.page(`http://127.0.0.1:${system.apiPort}/`);
    await page.setViewportSize({ width: WIDTH, height: 844 });
    await page.getByLabel('Key', { exact: true }).fill('a-guest-with-a-name-as-long-as-names-of-guests-may-be-here');
    await page.getByRole('button', { name: '+ client' }).click();
    await page.getByText('1 of 1 connected').waitFor();
    await until('all rows are there', async () => Object.keys(await rows(page)).length === 2);
  });
  afterEach(async () => {
    await page?.close();
    expect(browser.complaints.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  });

  /** The dialogs that there are, each opened and closed again. */
  const throughDialogs = async (look: (name: string) => Promise<void>) => {
    const [node] = Object.keys(await rows(page));
    for (const name of ['+ node', `Drain ${node}`, `Kill ${node}`, `Change the weight of ${node}`]) {
      await page.getByRole('button', { name }).click();
      await page.getByText(/^Moves [\d,]+ of/).waitFor();
      await look(name);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
  };

  test('every action is there, within the width, and as large as a finger', async () => {
    expect(await misses(page, 'body')).toEqual([]);
    await throughDialogs(async (name) => expect(await misses(page, 'dialog'), name).toEqual([]));
    await page
      .getByRole('button', { name: /^Change the weight/ })
      .first()
      .click();
    await page.getByRole('spinbutton', { name: 'Weight' }).fill('');
    await page.getByRole('alert').getByText('from 0.01 to 1,000').waitFor();
    expect(await misses(page, 'dialog')).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(WIDTH);
  });

  test('axe finds nothing, light and dark, nor in a dialog', async () => {
    for (const theme of ['light', 'dark']) {
      await page.getByLabel('Theme').selectOption(theme);
      expect(await violations(page), theme).toEqual([]);
      await throughDialogs(async (name) => expect(await violations(page), `${theme}, ${name}`).toEqual([]));
    }
  });

  test('each node is a card that names its figures; a node is added, and a client closed', async () => {
    const [id] = Object.keys(await rows(page));
    const row = page.locator(`tr[data-node="${id}"]`);
    const named = await row.evaluate((element) =>
      [...element.querySelectorAll('td')].map((cell) => getComputedStyle(cell, '::before').content),
    );
    expect(named).toEqual(
      ['State', 'Address, image', 'Connections', 'Share', 'Weight', 'Age'].map((name) => `"${name}"`).concat('none'),
    );
    await page.getByRole('button', { name: '+ node' }).click();
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await system.settled(3);
    await until('it has a card', async () => Object.keys(await rows(page)).length === 3);
    await page.getByRole('button', { name: /^Close a-guest/ }).click();
    await until('it has gone', async () => (await cards(page)).length === 0);
  });
});

/** The controls below an element that a finger misses. */
async function misses(page: Page, within: string): Promise<string[]> {
  return await page.locator(within).evaluate(
    (root, { width, target }) =>
      [...root.querySelectorAll<HTMLElement>('button, input, select, a[href], [role=slider]')].flatMap((control) => {
        control.scrollIntoView({ block: 'center' });
        const box = control.getBoundingClientRect();
        const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        const isLarge = box.width >= target && box.height >= target;
        const isWithin = box.left >= 0 && box.right <= width;
        const isHit = control.contains(hit);
        if (isLarge && isWithin && isHit) return [];
        return `${control.outerHTML.slice(0, 120)}: ${box.width} by ${box.height} from ${box.left}, hit: ${hit?.outerHTML.slice(0, 80)}`;
      }),
    { width: WIDTH, target: TARGET },
  );
}
