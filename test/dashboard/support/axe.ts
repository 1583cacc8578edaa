import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe objects to on the page as it is now. */
export async function violations(page: Page): Promise<string[]> {
  // As a script of the test's own world: the page's policy lets in no other.
  const found = await page.evaluate(`${axe}; axe.run().then(({ violations }) => violations)`);
  return (found as { id: string; nodes: { html: string }[] }[]).map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
  );
}
