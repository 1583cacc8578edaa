import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

/** Chromium with a profile of its own; all that pages complain of is in `complaints`. */
export class Browser {
  readonly complaints: string[] = [];
  readonly #context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
  }

  static async open(): Promise<Browser> {
    const executablePath = process.env.WSCLUSTER_TEST_CHROMIUM;
    if (executablePath === undefined) throw new Error('WSCLUSTER_TEST_CHROMIUM is not set: run the tests by npm test');
    const profile = mkdtempSync(join(tmpdir(), 'wsc-dashboard-'));
    const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      viewport: { width: 1300, height: 1400 },
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet],
    });
    return new Browser(context, profile);
  }

  async page(url: string): Promise<Page> {
    const page = await this.#context.newPage();
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      // What the network refuses is told in the page itself.
      if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text()))
        this.complaints.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  /** As docs/dashboard has it; only where WSCLUSTER_SCREENSHOTS names a folder. */
  async screenshot(page: Page, name: string): Promise<void> {
    const folder = process.env.WSCLUSTER_SCREENSHOTS;
    if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`) });
  }

  async close(): Promise<void> {
    await this.#context.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }
}
