import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { System } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { Browser } from './support/browser.ts';
import { legend } from './support/looks.ts';
import { ink, keepPictures, pictures } from './support/pictures.ts';

const CONNECTIONS = 'Connections by node';
const MOVES = 'Moves a second';

let system: System;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  system = await System.start({ nodes: 2, gateways: 2 });
  browser = await Browser.open();
});
beforeEach(async () => {
  await until('no client is left', async () => (await system.nodes()).every(({ connections }) => connections === 0));
  page = await browser.page(`http://127.0.0.1:${system.apiPort}/`);
});
afterEach(async () => {
  await page?.close();
  expect(browser.complaints.splice(0)).toEqual([]);
});
afterAll(async () => {
  await browser?.close();
  await system?.stop();
});

const connectionsByNode = async () =>
  Object.fromEntries((await system.nodes()).map(({ id, connections }) => [id, connections]));
const addClients = async () => {
  await page.getByRole('button', { name: '+ 100 clients' }).click();
  await page.getByText('100 of 100 connected').waitFor();
  await until('the chart has what the API says', async () => {
    const expected = await connectionsByNode();
    const { moment, figures } = await legend(page, CONNECTIONS);
    const sum = Object.values(expected).reduce((total, count) => total + count, 0);
    return moment === 'now' && sum === 100 && sameFigures(figures, expected);
  });
};
const sameFigures = (a: Record<string, number>, b: Record<string, number>) =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([id, count]) => b[id] === count);
/** Goes through a chart by a key until its legend has what is wanted. */
const goTo = async (title: string, key: string, wanted: (figures: Record<string, number>) => boolean) => {
  await page.getByRole('slider', { name: title }).focus();
  await until(`${title} by ${key}`, async () => {
    await page.keyboard.press(key);
    return wanted((await legend(page, title)).figures);
  });
};

test('at rest the page changes nothing but the ages', async () => {
  await addClients();
  await keepPictures(page);
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(globalThis, { seen });
    new MutationObserver((mutations) => {
      for (const { target, type, attributeName } of mutations) {
        const element = target instanceof Element ? target : target.parentElement;
        if (element?.closest('.age') === null) seen.push(`${type} ${attributeName} ${element.outerHTML.slice(0, 200)}`);
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  });
  // Long enough to see a change: the page gets the answers to three polls. What the last one changed may come later.
  for (let poll = 0; poll < 3; poll++)
    await page.waitForResponse((answer) => new URL(answer.url()).pathname === '/api/v1/clusters');
  expect(await page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen)).toEqual([]);
  expect(await pictures(page)).toEqual([]);
});

test('a controller that is started again takes nothing from the history; while it is away nothing is known', async () => {
  await addClients();
  await page.getByRole('slider', { name: CONNECTIONS }).focus();
  await page.keyboard.press('Home');
  const first = (await legend(page, CONNECTIONS)).moment;
  await page.keyboard.press('Escape');
  await system.controller.end('SIGKILL');
  await page.getByRole('alert').getByText('The connection to the controller is lost').waitFor();
  await until('nothing is known', async () => Object.keys((await legend(page, CONNECTIONS)).figures).length === 0);
  system.startController();
  await page.getByRole('alert').waitFor({ state: 'detached' });
  await until('it goes on', async () => {
    const { figures } = await legend(page, CONNECTIONS);
    return Object.values(figures).reduce((total, count) => total + count, 0) === 100;
  });
  await goTo(CONNECTIONS, 'ArrowLeft', (figures) => Object.keys(figures).length === 0);
  await page.keyboard.press('Home');
  expect((await legend(page, CONNECTIONS)).moment).toBe(first);
});

test('the charts show connections and moves as they were, by line and by figure, and the keyboard goes through them', async () => {
  await until('the chart begins', async () => Object.keys((await legend(page, CONNECTIONS)).figures).length === 2);
  await addClients();
  const [one, other] = (await system.nodes()).map(({ id }) => id);
  for (const id of [one, other])
    await until('its line is drawn', async () => (await ink(page, CONNECTIONS, id ?? '')) > 20);
  expect((await legend(page, MOVES)).figures.moves).toBe(0);

  const added = await system.addNode();
  await system.settled(3);
  await until('the new node has clients', async () => ((await legend(page, CONNECTIONS)).figures[added] ?? 0) > 0);
  await until('its line is drawn', async () => (await ink(page, CONNECTIONS, added)) > 0);
  await until('nothing moves any more', async () => (await legend(page, MOVES)).figures.moves === 0);

  await goTo(MOVES, 'ArrowLeft', ({ moves }) => (moves ?? 0) > 0);
  await page.keyboard.press('Escape');
  expect((await legend(page, MOVES)).moment).toBe('now');
  await goTo(CONNECTIONS, 'Home', (figures) => sameFigures(figures, { [one ?? '']: 0, [other ?? '']: 0 }));
  const spoken = await page.getByRole('slider', { name: CONNECTIONS }).getAttribute('aria-valuetext');
  expect(spoken).toContain(`${one} 0`);
  expect(spoken).not.toContain(added);
  await goTo(CONNECTIONS, 'End', (figures) => added in figures);

  const box = await page.getByRole('slider', { name: MOVES }).boundingBox();
  await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) - 40, (box?.y ?? 0) + 50);
  await until('the pointer chooses a moment', async () => (await legend(page, MOVES)).moment !== 'now');
});
