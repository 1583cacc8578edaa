import { firstTwo } from '../query.ts';

/** What routing looks at of a request; Node's IncomingMessage has it. */
export interface RoutedRequest {
  readonly method?: string | undefined;
  /** Path and query. */
  readonly url?: string | undefined;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
}

/** All values of a header, in order. */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  const wanted = name.toLowerCase();
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.toLowerCase() === wanted) values.push(rawHeaders[i + 1] as string);
  return values;
}

/** Reads the values of a cookie, in order; of each header two at most, since one is too many then. */
export function cookieReader(name: string): (rawHeaders: readonly string[]) => string[] {
  const spelt = name.replace(/\W/g, (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`);
  // One pass by the engine: a header may have thousands of cookies.
  const pattern = new RegExp(`(?:^|;)\\s*${spelt}\\s*=([^;]*)`, 'g');
  return (rawHeaders) =>
    headerValues(rawHeaders, 'cookie').flatMap((header) =>
      firstTwo(header, pattern).map((value) => unquoted(value.trim())),
    );
}

/** The subprotocols that a client offers, over all headers (RFC 6455, 4.1). */
export function offeredSubprotocols(rawHeaders: readonly string[]): string[] {
  return headerValues(rawHeaders, 'sec-websocket-protocol').flatMap(listed);
}

/** The elements of a header that is a list. */
export function listed(value: string): string[] {
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** A cookie's value may be in double quotes, which are not part of it (RFC 6265, 4.1.1). */
function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
