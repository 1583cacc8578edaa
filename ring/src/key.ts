import { WsClusterError } from './errors.ts';

/** The longest key, in UTF-8 bytes. */
export const MAX_KEY_BYTES = 1024;

/**
 * The canonical key of text as it came over HTTP: a path segment, a query, header or cookie value. One rule for all of
 * them, so that a client reaches the same node whichever way it sends its key: percent-decoded once, `+` stays a plus,
 * no Unicode normalisation. Node hands such text over as latin1, one character a byte, so a character from U+0080 to
 * U+00FF is one raw byte of UTF-8 that somebody forgot to encode.
 *
 * Throws KEY_INVALID on a malformed escape, on bytes that are not UTF-8, and outside of 1 to 1,024 bytes.
 */
export function canonicalKey(raw: string): string {
  // An escape takes three characters a byte: what is longer is not worth decoding.
  if (raw.length > 3 * MAX_KEY_BYTES) throw tooLong();
  const ascii = raw.replace(/[^\0-\x7f]/g, escapeByte);
  if (!ascii.includes('%')) return plainKey(ascii);
  let decoded: string;
  try {
    decoded = decodeURIComponent(ascii);
  } catch (cause) {
    throw invalid('the key is not valid percent-encoded UTF-8; send it as encodeURIComponent makes it', cause);
  }
  return plainKey(decoded);
}

/**
 * Checks a key that is text already, such as a JWT claim or a command's argument, and returns it as it is.
 * Throws KEY_INVALID outside of 1 to 1,024 UTF-8 bytes and on a lone surrogate, which has no bytes.
 */
export function plainKey(text: string): string {
  if (text.length === 0) throw invalid('the key is empty');
  // A UTF-16 unit takes at most three bytes: short keys need no counting.
  if (text.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(text) > MAX_KEY_BYTES) throw tooLong();
  if (!text.isWellFormed()) throw invalid('the key has a lone surrogate, which is not valid Unicode');
  return text;
}

/** The percent-encoded form in which nodes get a canonical key; canonicalKey undoes it. */
export function encodeKey(key: string): string {
  return encodeURIComponent(plainKey(key));
}

function escapeByte(character: string): string {
  const code = character.charCodeAt(0);
  if (code > 0xff)
    throw invalid('the key is neither percent-encoded nor bytes; send it as encodeURIComponent makes it');
  return `%${code.toString(16)}`;
}

function tooLong(): WsClusterError {
  return invalid(`the key is longer than ${MAX_KEY_BYTES} bytes of UTF-8`);
}

function invalid(message: string, cause?: unknown): WsClusterError {
  return new WsClusterError('KEY_INVALID', message, { field: 'key', cause });
}
