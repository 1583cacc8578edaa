import { describe, expect, test } from 'vitest';
import { momentAfter, parseEvent } from './event.ts';

const kill =
  '{"status":"kill","id":"c1","from":"node","Type":"container","Action":"kill","Actor":{"ID":"c1","Attributes":{"app":"chat","signal":"15"}},"scope":"local","time":1795455532,"timeNano":1795455532281303862}';
const disconnect =
  '{"Type":"network","Action":"disconnect","Actor":{"ID":"n1","Attributes":{"container":"c1","name":"net"}},"time":1,"timeNano":1000000000}';

describe('an event of Docker', () => {
  test('of a container has its signal and its labels', () => {
    expect(parseEvent(kill)).toMatchObject({ container: 'c1', action: 'kill', signal: 15, labels: { app: 'chat' } });
    expect(parseEvent(kill)?.at).toBeCloseTo(1_795_455_532_281.3, 0);
  });

  test('of health is known by what stands before the colon', () => {
    expect(parseEvent(kill.replace('"Action":"kill"', '"Action":"health_status: healthy"'))?.action).toBe(
      'health_status',
    );
  });

  test('of a network is one of the container that it names, and of nobody without one', () => {
    expect(parseEvent(disconnect)).toMatchObject({ container: 'c1', action: 'network-disconnect', labels: undefined });
    expect(parseEvent(disconnect.replace('"container":"c1",', ''))).toBeUndefined();
  });

  test('that is none is refused', () => {
    for (const text of ['', '{}', 'null', '{"Type":"container"']) expect(() => parseEvent(text)).toThrow();
  });

  test('is followed by the next nanosecond, which a JavaScript number could not tell from it', () => {
    expect(momentAfter(kill)).toBe('1795455532.281303863');
    expect(momentAfter('{"timeNano":1999999999}')).toBe('2.000000000');
    expect(momentAfter('{}')).toBeUndefined();
  });
});
