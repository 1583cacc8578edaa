import { beforeEach, expect, test } from 'vitest';
import { createLogger } from './log.ts';
import { Trouble } from './trouble.ts';

let lines: string[];
let trouble: Trouble;

beforeEach(() => {
  lines = [];
  trouble = new Trouble(logger());
});

function logger() {
  const write = (line: string) => {
    const { level, event, msg } = JSON.parse(line);
    lines.push(`${level} ${event}: ${msg}`);
  };
  const log = createLogger('test', {}, { write });
  log.level = 'debug';
  return log;
}

const fail = (text: string, cause?: string) => trouble.failed({ event: 'broken', action: 'mend it' }, text, cause);
const recover = () => trouble.recovered({ event: 'mended' }, 'it works again');

test('an outage is logged once when it begins and once when it ends; what fails between is for who debugs', () => {
  recover();
  fail('refused');
  fail('no answer');
  recover();
  recover();
  fail('refused');
  expect(lines).toEqual([
    'warn broken: refused',
    'debug broken: no answer',
    'info mended: it works again',
    'warn broken: refused',
  ]);
});

test('another cause is news; a failure without one is not', () => {
  fail('the password is wrong', 'password');
  fail('the password is still wrong', 'password');
  fail('refused');
  fail('the password is wrong', 'password');
  fail('the name is wrong', 'name');
  expect(lines.filter((line) => !line.startsWith('debug'))).toEqual([
    'warn broken: the password is wrong',
    'warn broken: the name is wrong',
  ]);
});

test('a cause is news again after a recovery', () => {
  fail('the password is wrong', 'password');
  recover();
  fail('refused');
  fail('the password is wrong', 'password');
  expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(3);
});

test('the problem is the text of the last failure, until it recovers', () => {
  expect(trouble.problem).toBeUndefined();
  fail('refused');
  fail('no answer');
  expect(trouble.problem).toBe('no answer');
  recover();
  expect(trouble.problem).toBeUndefined();
});

test('a failure may be an error, and a recovery may say nothing', () => {
  trouble = new Trouble(logger(), { level: 'error' });
  fail('refused');
  trouble.recovered();
  expect(lines).toEqual(['error broken: refused']);
  expect(trouble.problem).toBeUndefined();
});
