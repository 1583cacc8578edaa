import { eventually } from '@wscluster/gateway/testing/eventually';
import { rawUpgrade } from '@wscluster/gateway/testing/raw-socket';
import { canonicalKey } from '@wscluster/ring';
import { describe, expect, it } from 'vitest';
import { answerTo, codeOf, headOf, rawClient } from './support/answers.ts';
import { useScene } from './support/scene.ts';

const { gatewayFor, echoNode, nothingLeft } = useScene();

/** Euro signs: three bytes in UTF-8, nine characters when they are escaped. */
const euros = (count: number) => '%E2%82%AC'.repeat(count);
/** Text as its bytes go over the wire, one character a byte. */
const unescaped = (text: string) => Buffer.from(text).toString('latin1');

describe('a request whose key cannot be used', () => {
  it.each([
    ['has no segment for the key', '/connect', 404, { code: 'NO_ROUTE' }],
    ['has an empty segment', '/connect/', 400, { code: 'KEY_INVALID', field: 'key' }],
    ['has no parameter', '/send', 400, { code: 'KEY_MISSING', field: 'key' }],
    ['has another parameter', '/send?userid=ada', 400, { code: 'KEY_MISSING', field: 'key' }],
    ['has a parameter without a value', '/send?userId', 400, { code: 'KEY_INVALID', field: 'key' }],
    ['has a parameter with an empty value', '/send?userId=', 400, { code: 'KEY_INVALID', field: 'key' }],
    ['has the parameter twice', '/send?userId=ada&userId=grace', 400, { code: 'KEY_INVALID', field: 'key' }],
    ['has it twice with one value', '/send?userId=ada&userId=ada', 400, { code: 'KEY_INVALID', field: 'key' }],
    ['hides it the second time', '/send?userId=ada&user%49d=grace', 400, { code: 'KEY_INVALID', field: 'key' }],
    ['has 1,025 bytes', `/connect/${'a'.repeat(1025)}`, 400, { code: 'KEY_INVALID', field: 'key' }],
    ['has 1,025 bytes escaped', `/connect/${euros(341)}ab`, 400, { code: 'KEY_INVALID', field: 'key' }],
    ['has a byte that is no UTF-8', '/connect/%FF', 400, { code: 'KEY_INVALID', field: 'key' }],
    ['breaks off in a character', '/connect/%E2%82', 400, { code: 'KEY_INVALID', field: 'key' }],
    ['has an overlong form', '/connect/%C0%AF', 400, { code: 'KEY_INVALID', field: 'key' }],
    ['has half of a surrogate pair', '/connect/%ED%A0%80', 400, { code: 'KEY_INVALID', field: 'key' }],
    // HTTP's own grammar has no such bytes in a path, so its parser refuses them, whatever they mean.
    ['has unescaped UTF-8', `/connect/${unescaped('grüße')}`, 400, { code: 'REQUEST_INVALID', field: 'request' }],
    ['has unescaped latin1', '/connect/gr\xfc\xdfe', 400, { code: 'REQUEST_INVALID', field: 'request' }],
    ['has a broken escape', '/connect/100%', 400, { code: 'KEY_INVALID', field: 'key' }],
    ['has no hexadecimal escape', '/connect/%zz', 400, { code: 'KEY_INVALID', field: 'key' }],
    ['is a dot segment', '/connect/%2e%2E', 400, { code: 'REQUEST_INVALID', field: 'path' }],
  ])('%s: it is refused by name, and no node hears of it', async (_what, path, status, refusal) => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const upgrade = await answerTo(rawUpgrade(gateway.port, path));
    const plain = await answerTo(
      rawClient(gateway.port, headOf(`GET ${path} HTTP/1.1`, 'Host: x', 'Connection: close')),
    );
    for (const answer of [upgrade, plain]) {
      expect(answer.status).toBe(status);
      expect(codeOf(answer)).toEqual(refusal);
    }
    expect(node.visits.length).toBe(0);
    await nothingLeft();
  });
});

describe('a key', () => {
  it.each([
    ['of 1,024 bytes', `/connect/${'a'.repeat(1024)}`, 'a'.repeat(1024)],
    ['of 1,024 bytes escaped', `/connect/${euros(341)}a`, `${'€'.repeat(341)}a`],
    ['with escapes', '/connect/a%20b%2Fc%3F', 'a b/c?'],
    ['with an escaped percent sign is decoded once', '/connect/%252F', '%2F'],
    ['with a plus in the path', '/connect/a+b', 'a+b'],
    ['with a plus in the query', '/send?userId=a+b', 'a+b'],
    ['with an escaped plus', '/send?userId=a%2Bb', 'a+b'],
    ['in UTF-8', '/connect/gr%C3%BC%C3%9Fe', 'grüße'],
    ['beyond the basic plane', '/connect/%F0%9F%98%80', '😀'],
    ['with a combining mark stays as it is', '/connect/e%CC%81', 'e\u0301'],
    ['with a null', '/connect/a%00b', 'a\0b'],
  ])('%s reaches the node as what was meant', async (_what, path, key) => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const client = rawUpgrade(gateway.port, path);
    await eventually('the visit', () => node.visits.length === 1);
    const sent = node.visits[0]?.request.headers['x-wscluster-key'];
    expect(canonicalKey(String(sent))).toBe(key);
    client.socket.destroy();
    await nothingLeft();
  });
});
