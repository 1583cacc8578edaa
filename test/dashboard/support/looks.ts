import type { Page } from 'playwright-core';

/** What the cards of the page's clients say, by key. */
export interface Card {
  readonly key: string;
  readonly node: string;
  readonly open: boolean;
  readonly moved: number;
  readonly messages: readonly string[];
}

export async function cards(page: Page): Promise<Card[]> {
  return await page.locator('[data-client]').evaluateAll((items) =>
    items.map((item) => ({
      key: item.getAttribute('data-client') ?? '',
      node: item.getAttribute('data-node') ?? '',
      open: /^(on |connected$)/.test(item.querySelector('p')?.textContent ?? ''),
      moved: Number.parseInt(item.querySelectorAll('p')[1]?.textContent ?? '', 10),
      messages: [...item.querySelectorAll('.messages li')].map((line) => line.textContent ?? ''),
    })),
  );
}

/** Connections by node id, as the table has them. */
export async function rows(page: Page): Promise<Record<string, { state: string; connections: number }>> {
  const found = await page.locator('tr[data-node]').evaluateAll((items) =>
    items.map((item) => {
      const [state, , connections] = [...item.querySelectorAll('td')].map((cell) => cell.textContent ?? '');
      const facts = { state: state ?? '', connections: Number((connections ?? '').replaceAll(',', '')) };
      return [item.getAttribute('data-node') ?? '', facts] as const;
    }),
  );
  return Object.fromEntries(found);
}

/** What the legend of a chart says, by the id of the line, and the moment that it says it of. */
export async function legend(page: Page, title: string): Promise<{ moment: string; figures: Record<string, number> }> {
  return await page.getByRole('list', { name: `${title}: figures` }).evaluate((list) => ({
    moment: list.querySelector('.when')?.textContent ?? '',
    figures: Object.fromEntries(
      [...list.querySelectorAll('[data-line]')].map((line) => [
        line.getAttribute('data-line') ?? '',
        Number((line.querySelector('b')?.textContent ?? '').replaceAll(',', '')),
      ]),
    ),
  }));
}
