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
      open: /^on /.test(item.querySelector('p')?.textContent ?? ''),
      moved: Number(/moved (\d+)/.exec(item.textContent ?? '')?.[1]),
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

/** Slots by node id as the map's picture shows them: by the colours beside the nodes. */
export async function slotsInPicture(page: Page): Promise<Record<string, number>> {
  return await page.locator('body').evaluate((body) => {
    const canvas = body.querySelector('canvas');
    const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    const nodes = new Map<string, string>();
    for (const row of body.querySelectorAll('tr[data-node]'))
      nodes.set(row.querySelector('rect')?.getAttribute('fill') ?? '', row.getAttribute('data-node') ?? '');
    const slots: Record<string, number> = {};
    for (let at = 0; at < pixels.length; at += 4) {
      const colour = `rgb(${pixels[at]} ${pixels[at + 1]} ${pixels[at + 2]})`;
      const node = nodes.get(colour) ?? colour;
      slots[node] = (slots[node] ?? 0) + 1;
    }
    return slots;
  });
}
