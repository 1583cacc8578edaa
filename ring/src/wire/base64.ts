import { WsClusterError } from '../errors.ts';

/** Strict base64 with padding; Buffer alone skips what it does not know. Throws MESSAGE_INVALID naming `field`. */
export function decodeBase64(text: string, maxBytes: number, field: string): Buffer {
  if (text.length > Math.ceil(maxBytes / 3) * 4)
    throw new WsClusterError('MESSAGE_INVALID', `${field}: is longer than ${maxBytes} bytes in base64`, { field });
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw new WsClusterError('MESSAGE_INVALID', `${field}: is not base64`, { field });
  return Buffer.from(text, 'base64');
}
