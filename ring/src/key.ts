import { WsClusterError } from './errors.ts';

/** The longest key, in UTF-8 bytes. */
export const MAX_KEY_BYTES = 1024;

/**
 * The canonical key of raw text from an HTTP request: a path segment, or a query, header or cookie value. One rule
 * covers them all, so that a client reaches the same node however it sends its key: percent-decoded once, `+` stays a
 * plus, no Unicode normalisation. Node passes such text on as latin1, one character per byte, so a character from
 * U+0080 to U+00FF is a raw byte of UTF-8 that was not encoded.
 *
 * Throws KEY_INVALID for a malformed escape, for bytes that are not UTF-8, and outside 1 to 1,024 bytes.
 */
export function canonicalKey(raw: string): string {
  // An escape takes three characters per byte, so longer text cannot be a valid key.
  if (raw.length > 3 * MAX_KEY_BYTES) throw tooLong();
  const ascii = raw.replace(/[^\0-\x7f]/g, escapeByte);
  if (!ascii.includes('%')) return plainKey(ascii);
  let decoded: string;
  try {
    decoded = decodeURIComponent(ascii);
  } catch (cause) {
    throw invalid('the key is not valid percent-encoded UTF-8; encode it with encodeURIComponent', cause);
  }
  return plainKey(decoded);
}

/**
 * Checks a key that is text already, such as a JWT claim or a command's argument, and returns it as it is. Throws
 * KEY_INVALID outside 1 to 1,024 UTF-8 bytes, and for a lone surrogate, which has no bytes.
 */
export function plainKey(text: string): string {
  if (text.length === 0) throw invalid('the key is empty');
  // A UTF-16 unit takes at most three bytes, so short keys need no counting.
  if (text.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(text) > MAX_KEY_BYTES) throw tooLong();
  if (!text.isWellFormed()) throw invalid('the key has a lone surrogate, which is not valid Unicode');
  return text;
}

/** The percent-encoded form in which nodes receive a canonical key; canonicalKey reverses it. */
export function encodeKey(key: string): string {
  return encodeURIComponent(plainKey(key));
}

function escapeByte(character: string): string {
  const code = character.charCodeAt(0);
  if (code > 0xff) throw invalid('the key is neither percent-encoded nor bytes; encode it with encodeURIComponent');
  return `%${code.toString(16)}`;
}

function tooLong(): WsClusterError {
  return invalid(`the key is longer than ${MAX_KEY_BYTES} bytes of UTF-8`);
}

function invalid(message: string, cause?: unknown): WsClusterError {
  return new WsClusterError('KEY_INVALID', message, { field: 'key', cause });
}
