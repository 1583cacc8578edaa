import { beforeEach, expect, test } from 'vitest';
import { createLogger } from './log.ts';
import { ProblemLog } from './problem-log.ts';

let lines: string[];
let problems: ProblemLog;

beforeEach(() => {
  lines = [];
  const write = (line: string) => {
    const { level, event, msg } = JSON.parse(line);
    lines.push(`${level} ${event}: ${msg}`);
  };
  problems = new ProblemLog(createLogger('test', {}, { write }));
});

function note(id: string, ...texts: string[]) {
  problems.note(
    id,
    texts.map((text) => ({ fields: { event: 'broken', action: 'mend it' }, text: `${id}: ${text}` })),
    { fields: { event: 'mended' }, text: `${id} is well` },
  );
}

test('each change of what is wrong with a thing is logged, and that nothing is any more', () => {
  note('a');
  note('a', 'no port');
  note('a', 'no port');
  note('b', 'no port');
  note('a', 'no port', 'no name');
  note('a');
  note('a');
  expect(lines).toEqual([
    'warn broken: a: no port',
    'warn broken: b: no port',
    'warn broken: a: no port',
    'warn broken: a: no name',
    'info mended: a is well',
  ]);
});

test('a thing that went is forgotten', () => {
  note('a', 'no port');
  note('b', 'no port');
  problems.keepOnly(new Set(['b']));
  note('a');
  note('b');
  note('a', 'no port');
  expect(lines.slice(2)).toEqual(['info mended: b is well', 'warn broken: a: no port']);
});
