import { expect, test } from 'vitest';
import { LineSplitter, lineOf, textOf } from './lines.ts';

const texts = (lines: Buffer[]) => lines.map(textOf);

test('lines come out whole, however the stream is cut', () => {
  const stream = Buffer.from('one\ntwo: grüße\n\nfour\n');
  for (let cut = 0; cut <= stream.length; cut++) {
    const splitter = new LineSplitter();
    const lines = [...splitter.push(stream.subarray(0, cut)), ...splitter.push(stream.subarray(cut))];
    expect(texts(lines)).toEqual(['one', 'two: grüße', '', 'four']);
  }
});

test('what follows the last newline waits', () => {
  const splitter = new LineSplitter();
  expect(texts(splitter.push(Buffer.from('a\nb')))).toEqual(['a']);
  expect(texts(splitter.push(Buffer.from('c\n')))).toEqual(['bc']);
});

test('a line of the limit passes, one byte more is refused even before its newline', () => {
  const splitter = new LineSplitter(4);
  expect(texts(splitter.push(Buffer.from('1234\n')))).toEqual(['1234']);
  expect(() => splitter.push(Buffer.from('12345'))).toThrow(/longer than 4 bytes/);
});

test('a line that is not UTF-8 is refused instead of mended', () => {
  expect(() => textOf(Buffer.from([0x22, 0xff, 0x22]))).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }));
});

test('a message is one line, also when its strings hold newlines', () => {
  expect(lineOf({ text: 'a\nb' })).toBe('{"text":"a\\nb"}\n');
});
