import { describe, expect, it } from 'vitest';
import { isPortable, portableOffer, sameExtensions } from './extensions.ts';

const PORTABLE = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';

describe('extensions of a connection that may move', () => {
  it('are offered to the node as compression by message, and nothing else', () => {
    expect(portableOffer('permessage-deflate; client_max_window_bits')).toBe(
      'permessage-deflate; client_max_window_bits; server_no_context_takeover; client_no_context_takeover',
    );
    expect(
      portableOffer('x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=10, permessage-deflate'),
    ).toBe(
      `permessage-deflate; server_max_window_bits=10; server_no_context_takeover; client_no_context_takeover, ${PORTABLE}`,
    );
    expect(portableOffer('bbf-usp-protocol')).toBeUndefined();
  });

  it('let it move if none keeps anything from one message to the next', () => {
    expect(isPortable(undefined)).toBe(true);
    expect(isPortable(PORTABLE)).toBe(true);
    expect(isPortable('permessage-deflate; server_no_context_takeover')).toBe(false);
    expect(isPortable('permessage-deflate')).toBe(false);
    expect(isPortable(`${PORTABLE}, other`)).toBe(false);
  });

  it('are the same at both nodes, in whatever order and form', () => {
    expect(sameExtensions(undefined, undefined)).toBe(true);
    expect(sameExtensions(PORTABLE, undefined)).toBe(false);
    expect(sameExtensions(PORTABLE, 'permessage-deflate;client_no_context_takeover;server_no_context_takeover')).toBe(
      true,
    );
    expect(sameExtensions(PORTABLE, `${PORTABLE}; client_max_window_bits=15`)).toBe(true);
    expect(sameExtensions(PORTABLE, `${PORTABLE}; server_max_window_bits=9`)).toBe(false);
  });
});
