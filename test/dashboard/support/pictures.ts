import type { Page } from 'playwright-core';

/** Slots by node id as the map's picture shows them: by the colours beside the nodes. */
export async function slotsInPicture(page: Page): Promise<Record<string, number>> {
  return await page.locator('body').evaluate((body) => {
    const canvas = body.querySelector<HTMLCanvasElement>('.map canvas');
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

/** How many pixels of a chart have the colour that its legend has for a line. */
export async function ink(page: Page, title: string, line: string): Promise<number> {
  return await page.locator('figure', { hasText: title }).evaluate((figure, id) => {
    const canvas = figure.querySelector('canvas');
    const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    const colour = figure.querySelector(`[data-line="${id}"] rect`)?.getAttribute('fill');
    let count = 0;
    for (let at = 0; at < pixels.length; at += 4)
      if (`rgb(${pixels[at]} ${pixels[at + 1]} ${pixels[at + 2]})` === colour) count++;
    return count;
  }, line);
}

/** From now on keeps how many pixels of each colour every picture of the map has; `pictures` tells. */
export async function keepPictures(page: Page): Promise<void> {
  await page.evaluate(() => {
    const pictures: Record<string, number>[] = [];
    Object.assign(globalThis, { pictures });
    const put = CanvasRenderingContext2D.prototype.putImageData;
    CanvasRenderingContext2D.prototype.putImageData = function (image: ImageData, x: number, y: number) {
      const counts: Record<string, number> = {};
      for (let at = 0; at < image.data.length; at += 4) {
        const colour = `rgb(${image.data.slice(at, at + 3).join(' ')})`;
        counts[colour] = (counts[colour] ?? 0) + 1;
      }
      pictures.push(counts);
      Reflect.apply(put, this, [image, x, y]);
    };
  });
}

export async function pictures(page: Page): Promise<Record<string, number>[]> {
  return await page.evaluate(() => (globalThis as unknown as { pictures: Record<string, number>[] }).pictures);
}
