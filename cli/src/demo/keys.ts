import type { Change } from './script.ts';

export type Key = Change | 'quit';

const KEYS: Readonly<Record<string, Key>> = {
  a: 'add',
  d: 'drain',
  k: 'kill',
  q: 'quit',
  '\x03': 'quit',
  '\x04': 'quit',
};

/** Reads single keys from a terminal; Ctrl-C and Ctrl-D quit too. Returns a function that restores the terminal. */
export function readKeys(input: NodeJS.ReadStream, onKey: (key: Key) => void): () => void {
  const onData = (chunk: Buffer) => {
    for (const letter of String(chunk)) {
      const key = KEYS[letter.toLowerCase()];
      if (key !== undefined) onKey(key);
    }
  };
  input.setRawMode(true);
  input.on('data', onData);
  return () => {
    input.off('data', onData);
    input.setRawMode(false);
    input.pause();
  };
}
