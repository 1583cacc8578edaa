import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { parseHostPort } from '@wscluster/service';

const PROBE_TIMEOUT_MS = 1000;
/** A relay that has no server behind it accepts too, but closes at once: a connection must last this long, ms. */
const HELD_MS = 100;
/** A longer body is not read: it is neither the word `draining` nor an object with a capacity. */
const MAX_BODY = 1024;

/** Each probe has a connection of its own: a server that accepts no more may still answer on an open one. */
const agent = new Agent({ keepAlive: false });

export type ProbeResult =
  | { readonly state: 'ready'; readonly by: 'tcp' }
  /** `capacity`: as its body has it, if that is a JSON object with one. */
  | { readonly state: 'ready'; readonly by: 'http'; readonly capacity?: unknown }
  | { readonly state: 'draining' }
  /** `reason` completes "the probe failed: ..."; `by` says whether there was an HTTP answer. */
  | { readonly state: 'failed'; readonly reason: string; readonly by?: 'http' };

export interface ProbeOptions {
  /** Milliseconds until silence counts as failed, default 1000. */
  readonly timeoutMs?: number;
  /** Ends the probe early; it then counts as failed. */
  readonly signal?: AbortSignal;
}

export interface HttpProbeOptions extends ProbeOptions {
  readonly path: string;
  /** Whether a status means ready. */
  readonly isReady: (status: number) => boolean;
}

/** What became of a GET. `accepted`: the connection was, but no HTTP came back. */
export type HttpProbeResult = ProbeResult & { readonly accepted?: 'silent' | 'closed' | 'not-http' };

/** Asks a node by GET whether it is ready. The body `draining` means draining; otherwise the status decides. */
export function probeHttp(address: string, options: HttpProbeOptions): Promise<HttpProbeResult> {
  const { path, isReady, timeoutMs = PROBE_TIMEOUT_MS, signal } = options;
  return new Promise((resolve) => {
    let status = 0;
    let body = '';
    let isConnected = false;
    const asked = `GET http://${address}${path}`;
    const finish = (failure: string, accepted?: HttpProbeResult['accepted']) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      if (body.trim() === 'draining') resolve({ state: 'draining' });
      // For a body without an end the status decides: some backends stream on every path.
      else if (status > 0 && isReady(status)) resolve({ state: 'ready', by: 'http', ...saidIn(body) });
      else if (status > 0) resolve({ state: 'failed', by: 'http', reason: `${asked} answers ${status}` });
      else resolve({ state: 'failed', reason: `${asked}: ${failure}`, ...(isConnected && accepted && { accepted }) });
      request.destroy();
    };
    const end = () => finish('no answer');
    const timer = setTimeout(() => finish(`no answer within ${timeoutMs} ms`, 'silent'), timeoutMs);
    const request = get(`http://${address}${path}`, { agent }, (res) => {
      status = res.statusCode ?? 0;
      res.setEncoding('utf8');
      res.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > MAX_BODY) end();
      });
      res.on('end', end);
      res.on('error', end);
    });
    request.on('socket', (socket) =>
      socket.on('connect', () => {
        isConnected = true;
      }),
    );
    request.on('upgrade', (res, socket) => {
      status = res.statusCode ?? 0;
      socket.destroy();
      end();
    });
    request.on('error', (error: NodeJS.ErrnoException) =>
      finish(error.message, error.code?.startsWith('HPE_') ? 'not-http' : 'closed'),
    );
    signal?.addEventListener('abort', end);
  });
}

/** The capacity that a body tells. */
function saidIn(body: string): { readonly capacity?: unknown } {
  if (!body.trimStart().startsWith('{')) return {};
  try {
    const { capacity } = JSON.parse(body) as { readonly capacity?: unknown };
    return capacity === undefined ? {} : { capacity };
  } catch {
    return {};
  }
}

/** A node is ready when it accepts a connection and does not close it at once. */
export function probeTcp(address: string, options: ProbeOptions = {}): Promise<ProbeResult> {
  const { timeoutMs = PROBE_TIMEOUT_MS, signal } = options;
  const target = parseHostPort(address);
  return new Promise((resolve) => {
    const socket = connect({ host: target?.host ?? '', port: target?.port ?? 0 });
    const finish = (failure?: string) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      socket.destroy();
      resolve(
        failure === undefined
          ? { state: 'ready', by: 'tcp' }
          : { state: 'failed', reason: `connecting to ${address}: ${failure}` },
      );
    };
    const end = () => finish('no answer');
    let timer = setTimeout(() => finish(`no answer within ${timeoutMs} ms`), timeoutMs);
    socket.on('connect', () => {
      clearTimeout(timer);
      timer = setTimeout(() => finish(), HELD_MS);
    });
    socket.on('data', () => finish());
    socket.on('end', () => finish('it closes the connection at once'));
    socket.on('error', (error) => finish(error.message));
    signal?.addEventListener('abort', end);
  });
}
