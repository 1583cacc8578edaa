import { describe, expect, it } from 'vitest';
import type { AnswerHead } from './answer-head.ts';
import { KeptHandshake } from './kept-handshake.ts';

const REVISION = { epoch: 3, version: 4 };

const answer = (...headers: [string, string][]): AnswerHead => ({
  ...{ status: 101, reason: '', headers, raw: Buffer.alloc(0) },
});

const request = (path: string, cookie: string) =>
  [
    `GET ${path} HTTP/1.1`,
    ...['Connection: Upgrade', 'Upgrade: websocket', 'X-WsCluster-Key: a%20b', 'X-WsCluster-Revision: 1.1'],
    ...['X-Request-Id: 42', 'X-Forwarded-For: 10.0.0.1', 'Forwarded: for=10.0.0.1;proto=http'],
    ...['X-WsCluster-Migrate: offered', 'X-WsCluster-Token: first', 'Host: example.com', 'Sec-WebSocket-Key: k'],
    ...['User-Agent: GET it: all', 'X-Empty: ', `Cookie: ${cookie}`, `cookie: ${cookie}2`, 'X-Last: é'],
    '',
    '',
  ].join('\r\n');

describe('a kept handshake', () => {
  it('says to the next node all that the client has said to the first one, whoever else has said the like', () => {
    const texts = [
      ...[request('/x?y=1', 'session=1'), request('/z', ''), request('/x?y=1', 'session=2; GET')],
      request('/v6', '').replaceAll('10.0.0.1', '[2001:db8::7]'),
      request('/chain', '').replace('-For: 10.0.0.1', '-For: 10.0.0.7, 10.0.0.1'),
      request('/odd', '').replaceAll('10.0.0.1', '$&'),
      request('/unknown', '').replace('-For: 10.0.0.1', '-For: '),
    ];
    const kept = texts.map((text) => KeptHandshake.of(text, answer()));
    for (const [index, text] of texts.entries()) {
      const { text: composed = '', webSocketKey, token } = kept[index]?.compose('node a', REVISION) ?? {};
      const [requestLine, ...lines] = text.split('\r\n');
      const made = [
        ...['X-WsCluster-Revision: 3.4', 'X-WsCluster-Migrated-From: node%20a'],
        ...[`X-WsCluster-Token: ${token}`, `Sec-WebSocket-Key: ${webSocketKey}`],
      ];
      const said = lines.filter((line) => !/^(X-WsCluster-Revision|X-WsCluster-Token|Sec-WebSocket-Key):/.test(line));
      expect(composed.split('\r\n')).toEqual([requestLine, ...made, ...said]);
    }
  });

  it('keeps what the node has chosen, and agrees with no other choice', () => {
    const extensions = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
    const chosen = answer(['Sec-WebSocket-Extensions', extensions], ['Sec-WebSocket-Protocol', 'chat']);
    const first = KeptHandshake.of(request('/', ''), chosen);
    const next = first?.at(answer(['X-WsCluster-Migrate', 'accepted']), 'second');
    expect([first?.token, next?.token]).toEqual([undefined, 'second']);
    for (const kept of [first, next]) {
      const { text = '' } = kept?.compose('a', REVISION) ?? {};
      expect(text.split('\r\n')).toContain(`Sec-WebSocket-Extensions: ${extensions}`);
      expect(text).toMatch(/\r\nX-Last: é\r\n\r\n$/);
      expect(kept?.agreesWith(chosen)).toBe(true);
      expect(kept?.agreesWith(answer(['Sec-WebSocket-Extensions', extensions]))).toBe(false);
      expect(kept?.agreesWith(answer(['Sec-WebSocket-Protocol', 'chat']))).toBe(false);
    }
    const nothing = KeptHandshake.of(request('/', ''), answer());
    expect(nothing?.agreesWith(answer())).toBe(true);
    expect(nothing?.agreesWith(chosen)).toBe(false);
  });

  it('has the token of the request only for a node that understands handovers', () => {
    const text = request('/', '');
    expect(KeptHandshake.of(text, answer())?.token).toBeUndefined();
    expect(KeptHandshake.of(text, answer(['X-WsCluster-Migrate', 'accepted']))?.token).toBe('first');
  });
});
