import { describe, expect, test } from 'vitest';
import { readEvents, type StreamedEvent } from './event-stream.ts';

describe('a stream of events', () => {
  const read = async (...chunks: (string | Uint8Array)[]) => {
    const bytes = chunks.map((chunk) => (typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk));
    const events: StreamedEvent[] = [];
    for await (const event of readEvents(ReadableStream.from(bytes))) events.push(event);
    return events;
  };

  test('gives events with id, kind and data; comments and the time to retry are none', async () => {
    expect(await read('retry: 1000\n\n: still here\n\nid: a.1\nevent: node\ndata: {"x":1}\n\n')).toEqual([
      { id: 'a.1', event: 'node', data: '{"x":1}' },
    ]);
  });

  test('lines may be cut anywhere, and end in any way', async () => {
    const umlaut = new TextEncoder().encode('ü');
    expect(await read('da', 'ta: ', umlaut.slice(0, 1), umlaut.slice(1), '\r\ndata:two\r\n', '\r\n')).toEqual([
      { id: undefined, event: 'message', data: 'ü\ntwo' },
    ]);
  });

  test('an id holds for the events after it; an event that is cut off is none', async () => {
    expect(await read('id: 1\ndata: a\n\ndata: b\n\ndata: c\n')).toEqual([
      { id: '1', event: 'message', data: 'a' },
      { id: '1', event: 'message', data: 'b' },
    ]);
  });
});
