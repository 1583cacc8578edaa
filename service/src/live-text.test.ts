import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fixedText, type LiveText, liveText, settableText } from './live-text.ts';
import { fileText } from './live-text-file.ts';

const LOOK_MS = 20;

test('a fixed text stays, and a live one is taken as it is', () => {
  const live = settableText('a');
  expect(liveText(live)).toBe(live);
  expect(liveText('a').value).toBe(fixedText('a').value);
});

test('who listens to a settable text is called once for each change, until it ends that', () => {
  const text = settableText('a');
  const seen: string[] = [];
  const end = text.onChange(() => seen.push(text.value));
  text.set('b');
  text.set('b');
  text.set('c');
  end();
  text.set('d');
  expect(seen).toEqual(['b', 'c']);
  expect(text.value).toBe('d');
});

describe('a text from a file', () => {
  let folder: string;
  let file: string;
  let lines: Record<string, unknown>[];
  const ends: (() => void)[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'live-text-'));
    file = join(folder, 'url');
    lines = [];
  });
  afterEach(() => {
    for (const end of ends.splice(0)) end();
    rmSync(folder, { recursive: true });
  });
  const open = () => {
    const log = pino({}, { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
    const refuse = (text: string) => (text.startsWith('x:') ? undefined : 'must begin with x:');
    return fileText({ file, field: 'X_FILE', refuse, log, lookMs: LOOK_MS });
  };
  /** What it is told, each change once. */
  const listen = (text: LiveText): string[] => {
    const seen: string[] = [];
    ends.push(text.onChange(() => seen.push(text.value)));
    return seen;
  };
  const waitFor = (check: () => void) => vi.waitFor(check, { timeout: 30_000, interval: 5 });
  /** Until every file has been looked at some times more: another one's changes are seen, one a look. */
  const someLooks = async () => {
    const other = join(folder, 'other');
    const texts = ['x:1', 'x:2', 'x:3', 'x:4'];
    writeFileSync(other, 'x:0');
    const seen = listen(fileText({ file: other, field: 'OTHER', refuse: () => undefined, lookMs: LOOK_MS }));
    for (const [index, text] of texts.entries()) {
      writeFileSync(other, text);
      await waitFor(() => expect(seen).toEqual(texts.slice(0, index + 1)));
    }
  };

  test('is read without the line break at its end, and told when it changes', async () => {
    writeFileSync(file, 'x:one\n');
    const text = open();
    expect(text.value).toBe('x:one');
    const seen = listen(text);
    writeFileSync(file, ' x:two \n');
    await waitFor(() => expect(seen).toEqual(['x:two']));
    writeFileSync(file, 'x:two');
    writeFileSync(file, 'x:three');
    await waitFor(() => expect(seen).toEqual(['x:two', 'x:three']));
    expect(lines).toEqual([]);
  });

  test('follows the link that kubelet swaps for a changed secret', async () => {
    const version = (name: string, content: string) => {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'url'), content);
      symlinkSync(name, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    version('..1', 'x:one');
    symlinkSync(join('..data', 'url'), file);
    const seen = listen(open());
    version('..2', 'x:two');
    await waitFor(() => expect(seen).toEqual(['x:two']));
  });

  test('that nobody listens to is read when it is asked for', () => {
    writeFileSync(file, 'x:one');
    const text = open();
    writeFileSync(file, 'x:two');
    expect(text.value).toBe('x:two');
  });

  test.each([
    ['is not usable', () => writeFileSync(file, 'secret'), /^X_FILE: .*url must begin with x:/],
    ['is empty', () => writeFileSync(file, ' \n'), /^X_FILE: .*url is empty/],
    ['is gone', () => unlinkSync(file), /^X_FILE: .*url cannot be read: ENOENT/],
  ])('keeps its value while the file %s, and says so once, and once when that is over', async (_, spoil, why) => {
    writeFileSync(file, 'x:one');
    const text = open();
    const seen = listen(text);
    spoil();
    await waitFor(() => expect(lines).toHaveLength(1));
    await someLooks();
    expect(lines).toEqual([
      expect.objectContaining({
        level: 40,
        event: 'option-file-unusable',
        field: 'X_FILE',
        action: expect.any(String),
        msg: expect.stringMatching(why),
      }),
    ]);
    expect(text.value).toBe('x:one');
    expect(seen).toEqual([]);
    writeFileSync(file, 'x:two');
    await waitFor(() => expect(seen).toEqual(['x:two']));
    expect(lines.map(({ event }) => event)).toEqual(['option-file-unusable', 'option-file-usable']);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  test('that is unusable from the start is refused by field and file, without its content', () => {
    const refused = (message: string) =>
      expect.objectContaining({ code: 'CONFIG_INVALID', field: 'X_FILE', message: expect.stringContaining(message) });
    expect(open).toThrow(refused(`${file} cannot be read`));
    writeFileSync(file, '');
    expect(open).toThrow(refused(`${file} is empty`));
    writeFileSync(file, 'secret');
    expect(open).toThrow(refused(`${file} must begin with x:`));
    expect(open).not.toThrow(/secret/);
  });

  test('shows its file and not itself where options are written down', () => {
    writeFileSync(file, 'x:secret');
    expect(JSON.stringify({ url: open() })).toBe(JSON.stringify({ url: { file } }));
  });
});
