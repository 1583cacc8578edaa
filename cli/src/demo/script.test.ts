import { expect, test } from 'vitest';
import { parseScript } from './script.ts';

test('a script is steps between semicolons, blanks around them no matter', () => {
  expect(parseScript('wait 2; add;drain ; wait 0.5; kill;')).toEqual([
    { wait: 2 },
    { change: 'add' },
    { change: 'drain' },
    { wait: 0.5 },
    { change: 'kill' },
  ]);
});

test.each(['wait', 'wait -1', 'wait soon', 'Add', 'add 2'])('"%s" is no step', (text) => {
  expect(() => parseScript(text)).toThrow(`"${text}" is no step; steps are add, drain, kill and wait SECONDS`);
});
