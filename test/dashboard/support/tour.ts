import { expect } from 'vitest';
import { until } from '../../e2e/support/wait.ts';
import { Browser } from './browser.ts';
import { type Card, cards, rows } from './looks.ts';

export interface Tour {
  /** Base URL of the controller's API. */
  readonly url: string;
  readonly token: string;
  readonly cluster: string;
  /** Base URL of the gateways. */
  readonly gateways: string;
  /** Ids of the nodes. */
  readonly nodes: readonly string[];
  /** Name of the screenshot. */
  readonly name: string;
}

/** Opens the page as a user does, with 100 clients in it; resolves with their cards once all are connected. */
export async function tour({ url, token, cluster, gateways, nodes, name }: Tour): Promise<Card[]> {
  const browser = await Browser.open();
  try {
    const page = await browser.page(`${url}/?${new URLSearchParams({ cluster, gateways })}`);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByRole('button', { name: '+ 100 clients' }).click();
    await page.getByText('100 of 100 connected').waitFor();
    await until('the table has the nodes and their connections', async () => {
      const table = await rows(page);
      const ready = Object.keys(table).filter((id) => table[id]?.state === 'ready');
      const connections = Object.values(table).reduce((sum, row) => sum + row.connections, 0);
      return String(ready.sort()) === String([...nodes].sort()) && connections >= 100;
    });
    await browser.screenshot(page, name);
    const shown = await cards(page);
    expect(browser.complaints).toEqual([]);
    return shown;
  } finally {
    await browser.close();
  }
}
