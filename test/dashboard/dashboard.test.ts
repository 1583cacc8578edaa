import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { allCounted } from '../e2e/support/counted.ts';
import { http } from '../e2e/support/http.ts';
import { type NodeView, System } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { violations } from './support/axe.ts';
import { Browser } from './support/browser.ts';
import { cards, legend, rows } from './support/looks.ts';
import { keepPictures, pictures, slotsInPicture } from './support/pictures.ts';

/** It does not say which node it is. */
const foreignBackend = fileURLToPath(new URL('../e2e/support/fragmenting-node.ts', import.meta.url));

describe('the dashboard, on a system of real processes', () => {
  let system: System;
  let browser: Browser;
  let page: Page;

  const url = () => `http://127.0.0.1:${system.apiPort}`;
  const open = async (query = '') => {
    page = await browser.page(`${url()}/${query}`);
  };
  const get = async <T>(path: string) => JSON.parse((await http('GET', `${url()}/api/v1${path}`)).text) as T;
  const nodes = async () => (await get<{ nodes: NodeView[] }>('/nodes')).nodes;
  const addClients = async (hundreds: number) => {
    for (let n = 0; n < hundreds; n++) await page.getByRole('button', { name: '+ 100 clients' }).click();
    await page.getByText(`${hundreds * 100} of ${hundreds * 100} connected`).waitFor();
  };
  /** Every card shows the node that owns its key. */
  const cardsAgree = async () => {
    const owners = await system.owners();
    return (await cards(page)).every(({ key, node, open: isOpen }) => isOpen && node === owners(key));
  };

  beforeAll(async () => {
    system = await System.start({ nodes: 3, gateways: 2 });
    browser = await Browser.open();
  });
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  });
  afterEach(async () => {
    await page?.close();
    expect(browser.complaints.splice(0)).toEqual([]);
  });

  test('200 clients, one node more: picture, tables and cards agree with the API, and as many moved as the dry run said', async () => {
    const before = (await nodes()).length;
    await open();
    await addClients(2);
    await allCounted(system, 200);
    await page.getByRole('button', { name: '+ node' }).click();
    const said = await page.getByText(/^Moves [\d,]+ of 200 connections/).innerText();
    const planned = Number(/Moves (\d+)/.exec(said)?.[1]);
    expect(planned).toBeGreaterThan(10);
    const table = page.getByRole('dialog').getByRole('table');
    expect(await table.evaluate(({ parentElement: box }) => (box?.scrollWidth ?? 0) - (box?.clientWidth ?? 0))).toBe(0);
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByText(`settled: ${planned} clients moved`).waitFor();
    await system.settled(before + 1);
    await until('all cards show their owner', cardsAgree);
    const shown = await cards(page);
    expect(shown).toHaveLength(200);
    expect(shown.reduce((sum, { moved }) => sum + moved, 0)).toBe(planned);
    expect(Math.max(...shown.map(({ moved }) => moved))).toBe(1);
    await until('the table agrees', async () => {
      const table = await rows(page);
      return (await nodes()).every(({ id, connections }) => table[id]?.connections === connections);
    });
    await until('the chart agrees', async () => {
      const { figures } = await legend(page, 'Connections by node');
      return (await nodes()).every(({ id, connections }) => figures[id] === connections);
    });
    const expected = Object.fromEntries((await nodes()).map(({ id, slots }) => [id, slots]));
    await until('the picture agrees', async () => {
      const painted = await slotsInPicture(page);
      return (
        Object.keys(painted).length === before + 1 && Object.entries(expected).every(([id, n]) => painted[id] === n)
      );
    });
    await page.getByText(`${planned} clients moved`, { exact: true }).waitFor();
    await browser.screenshot(page, 'local');
    await page.getByLabel('Theme').selectOption('dark');
    await browser.screenshot(page, 'local-dark');
    await page.setViewportSize({ width: 390, height: 1400 });
    await browser.screenshot(page, 'phone');
  });

  test('a killed node: as many clients move as its dialog says, and some of them once more to its replacement', async () => {
    const { length } = await nodes();
    await open();
    await addClients(2);
    await allCounted(system, 200);
    const before = await cards(page);
    const victim = before[0]?.node ?? '';
    const lost = before.filter(({ node }) => node === victim).map(({ key }) => key);
    await page.getByRole('button', { name: `Kill ${victim}` }).click();
    const said = await page.getByText(/^Moves \d+ of 200 connections/).innerText();
    expect(Number(/\d+/.exec(said)?.[0])).toBe(lost.length);
    await page.getByText(/it starts a replacement, and some clients move a second time/).waitFor();
    await page.getByRole('button', { name: 'Kill', exact: true }).click();
    await until('it is gone', async () => (await nodes()).every(({ id }) => id !== victim));
    await system.settled(length);
    await until('all cards show their owner', cardsAgree);
    const shown = await cards(page);
    expect(shown.filter(({ moved }) => moved > 0).map(({ key }) => key)).toEqual(lost);
    expect(Math.max(...shown.map(({ moved }) => moved))).toBe(2);
  });

  test('a key that is typed in lights up its slot and owner', async () => {
    await open();
    const { slot, nodeId } = await get<{ slot: number; nodeId: string }>('/owner?key=b%C3%BCro%2F1');
    await page.getByLabel('Owner of the key').fill('büro/1');
    await page.getByText(`slot ${slot}, owner ${nodeId}, 0 connections`).waitFor();
    const map = page.getByRole('slider', { name: 'Slots by owner' });
    await map.focus();
    const { table, members } = await system.ring();
    const rank = (of: number) => members[table[of] ?? -1]?.ringId ?? Number.POSITIVE_INFINITY;
    const order = [...table.keys()].sort((one, two) => rank(one) - rank(two) || one - two);
    const at = order.indexOf(slot);
    await page.keyboard.press('ArrowRight');
    await page.getByText(`slot ${order[at + 1]}, owner`).waitFor();
    expect(await map.getAttribute('aria-valuenow')).toBe(String(at + 1));
    await page.keyboard.press('ArrowLeft');
    await page.getByText(`slot ${slot}, owner`).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.getByText(`slot ${order[at + 256]}, owner`).waitFor();
  });

  test('slots that move are seen where they leave and where they arrive', async () => {
    const { length } = await nodes();
    await open();
    await until('the picture is there', async () => Object.keys(await slotsInPicture(page)).length === length);
    await keepPictures(page);
    await page.getByRole('button', { name: '+ node' }).click();
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await system.settled(length + 1);
    const white = 'rgb(255 255 255)';
    await until('the new node has its place', async () => {
      const last = (await pictures(page)).at(-1) ?? {};
      return last[white] === undefined && Object.keys(last).length === length + 1;
    });
    const seen = await pictures(page);
    const rest = seen.at(-1) ?? {};
    const isNew = (colour: string) => colour !== white && seen[0]?.[colour] === undefined;
    const [added = ''] = Object.keys(rest).filter(isNew);
    // They leave: white among the others of their former owners.
    expect(seen[0]?.[white]).toBeGreaterThan(5000);
    // They arrive: in the colours of their former owners, where the new one is going to be.
    expect(seen.some((picture) => picture[white] === undefined && picture[added] === undefined)).toBe(true);
    expect(rest[added]).toBe((await nodes()).at(-1)?.slots);
    await page
      .getByRole('button', { name: /^Drain/ })
      .last()
      .click();
    await page.getByRole('button', { name: 'Drain', exact: true }).click();
    await system.settled(length);
  });

  test('a message to a key arrives at the card of that client only', async () => {
    await open();
    await addClients(1);
    await page.getByLabel('To the key').fill('guest-7');
    await page.getByLabel('Message').fill('hello <b>you</b>');
    await page.getByRole('button', { name: 'Send' }).click();
    const outcome = page.getByRole('form', { name: 'Send to a key' }).getByRole('status');
    await outcome.filter({ hasText: /./ }).waitFor();
    expect(await outcome.innerText()).toMatch(/^sent to 1 on/);
    await until('it is there', async () => (await cards(page)).some(({ messages }) => messages.length > 0));
    const got = (await cards(page)).filter(({ messages }) => messages.length > 0);
    expect(got.map(({ key, messages }) => [key, messages])).toEqual([['guest-7', ['hello <b>you</b>']]]);
    await page.getByRole('button', { name: 'Find owner' }).click();
    await page.getByText(/^guest-7 is on slot \d+, which/).waitFor();
  });

  test('drain and weight ask first, and do what they say', async () => {
    const { length } = await nodes();
    // A dry run that counts those of the page before would be right a moment too long.
    await until('all clients are gone', async () => (await nodes()).every(({ connections }) => connections === 0));
    await open();
    const [node] = await nodes();
    const id = node?.id ?? '';
    await page.getByRole('button', { name: `Change the weight of ${id}` }).click();
    const weight = page.getByRole('spinbutton', { name: 'Weight' });
    for (const refused of ['5000', '0', '-1', '']) {
      await weight.fill(refused);
      await page.getByRole('alert').getByText('The weight must be a number from 0.01 to 1,000.').waitFor();
      expect(await page.getByRole('button', { name: 'Change', exact: true }).isDisabled()).toBe(true);
    }
    await weight.fill('2');
    await page.getByText(/^Moves 0 of 0 connections \([1-9]/).waitFor();
    await page.getByText(`${id} has another weight: 0 connections, `).waitFor();
    await page
      .getByRole('dialog')
      .getByRole('row', { name: id })
      .getByText(/^\d+\.\d % → \d+\.\d %$/)
      .last()
      .waitFor();
    await page.getByRole('button', { name: 'Change', exact: true }).click();
    await until('it has more', async () => ((await nodes()).find((found) => found.id === id)?.slots ?? 0) > 20_000);
    await page.getByRole('button', { name: `Drain ${id}` }).click();
    await page.getByText(/^Moves 0 of 0 connections/).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: `Drain ${id}` }).click();
    await page.getByRole('button', { name: 'Drain', exact: true }).click();
    await until('it shows as gone', async () => (await rows(page))[id]?.state === 'gone');
    await system.settled(length - 1);
  });

  test('nothing that a key contains becomes markup', async () => {
    await open();
    const key = '<img src=x onerror="window.pwned=1">';
    await page.getByLabel('Key', { exact: true }).fill(key);
    await page.getByRole('button', { name: '+ client' }).click();
    await until('it is connected', async () => (await cards(page)).some((card) => card.key === key && card.open));
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false);
    const { headers } = await fetch(url());
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain('unsafe');
  });

  test('the page is at most 250 kB of JavaScript, and all of it comes from here', async () => {
    const html = await (await fetch(url())).text();
    const scripts = [...html.matchAll(/src="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(scripts.every((path) => path.startsWith('/'))).toBe(true);
    const bodies = await Promise.all(scripts.map(async (path) => await (await fetch(`${url()}${path}`)).text()));
    expect(gzipSync(bodies.join('')).length).toBeLessThan(250_000);
    expect(html).not.toMatch(/https?:\/\//);
  });

  test('the timeline can be filtered', async () => {
    await open();
    await page.getByLabel('Type').selectOption('ring');
    await page.getByLabel('Contains').fill('members');
    await page
      .getByText(/ring \d+\.\d+: \d+ members/)
      .first()
      .waitFor();
    expect(await page.locator('.events .type').allInnerTexts()).not.toContain('node');
    await page.getByLabel('Contains').fill('no such thing');
    await page.getByText('Nothing matches the filter.').waitFor();
  });

  test('an unknown cluster in the address is said', async () => {
    await open('?cluster=nobody');
    await page.getByRole('alert').getByText('There is no cluster nobody').waitFor();
    await page.getByRole('link', { name: 'chat' }).click();
    await page.getByRole('heading', { name: 'Nodes' }).waitFor();
  });

  test('axe finds nothing, light and dark, with each dialog open too', async () => {
    await open();
    await page.getByRole('button', { name: '+ client' }).click();
    await page.getByText('1 of 1 connected').waitFor();
    for (const theme of ['light', 'dark']) {
      await page.getByLabel('Theme').selectOption(theme);
      expect(await violations(page), theme).toEqual([]);
      for (const name of ['+ node', /^Drain/, /^Kill/, /^Change the weight/]) {
        await page.getByRole('button', { name }).first().click();
        await page.getByText(/^Moves [\d,]+ of/).waitFor();
        expect(await violations(page), `${theme}, ${name}`).toEqual([]);
        await page.getByRole('button', { name: 'Cancel' }).click();
      }
    }
  });

  test('no button is cut off beside long names of nodes', async () => {
    await open();
    await page
      .getByRole('button', { name: /^Drain/ })
      .first()
      .waitFor();
    for (const width of [1300, 1230, 1000, 800]) {
      await page.setViewportSize({ width, height: 900 });
      const cut = await page.getByLabel('Table of nodes').evaluate((table) => {
        for (const name of table.querySelectorAll('.id')) name.textContent = 'a-deployment-of-mine-7c9f8d6b5d-x2x4z';
        const edge = table.getBoundingClientRect().right;
        const buttons = [...table.querySelectorAll('button')];
        return buttons.filter((button) => button.getBoundingClientRect().right > edge).length;
      });
      expect(cut, `${width} pixels`).toBe(0);
    }
  });

  test('the figures are in one row', async () => {
    await open();
    const figures = page.locator('.figures > div');
    await figures.first().waitFor();
    const tops = await figures.evaluateAll((shown) => shown.map((figure) => figure.getBoundingClientRect().top));
    expect(tops.length).toBeGreaterThan(5);
    expect(new Set(tops).size).toBe(1);
  });

  test('a controller that is started again: the page says that it is away, and is live again', async () => {
    const { length } = await nodes();
    await open();
    await page.getByText('Live data').waitFor();
    await system.controller.end('SIGKILL');
    await page.getByRole('alert').getByText('The connection to the controller is lost').waitFor();
    system.startController();
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await system.settled(length);
  });
});

test('a token: the wrong one is refused, the right one opens the page', async () => {
  const token = 'a-token-of-the-dashboard';
  const system = await System.begin({ nodes: 1, gateways: 1, controllerEnv: { WSCLUSTER_API_TOKEN: token } });
  const browser = await Browser.open();
  try {
    const url = `http://127.0.0.1:${system.apiPort}/`;
    await until('the API listens', async () => (await fetch(url).catch(() => undefined))?.ok === true);
    const page = await browser.page(url);
    await page.getByLabel('Token').fill('a-token-that-is-wrong');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('That token was refused').waitFor();
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByRole('heading', { name: 'Nodes' }).waitFor();
    expect(browser.complaints).toEqual([]);
  } finally {
    await browser.close();
    await system.stop();
  }
});

test('a client of a backend that does not say which node it is, is connected', async () => {
  const system = await System.start({ nodes: 1, gateways: 1, command: [process.execPath, foreignBackend] });
  const browser = await Browser.open();
  try {
    const page = await browser.page(`http://127.0.0.1:${system.apiPort}/`);
    await page.getByRole('button', { name: '+ client' }).click();
    await page.locator('[data-client="guest-1"]').getByText('connected', { exact: true }).waitFor();
    expect(await page.locator('[data-client="guest-1"]').innerText()).not.toContain('–');
    expect(browser.complaints).toEqual([]);
  } finally {
    await browser.close();
    await system.stop();
  }
});
