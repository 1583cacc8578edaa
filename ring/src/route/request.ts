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

export function cookieValues(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (const header of headerValues(rawHeaders, 'cookie')) {
    for (const pair of header.split(';')) {
      const at = pair.indexOf('=');
      if (at >= 0 && pair.slice(0, at).trim() === name) values.push(unquoted(pair.slice(at + 1).trim()));
    }
  }
  return values;
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
