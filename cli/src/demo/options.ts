import { parseArgs } from 'node:util';
import { WsClusterError } from '@wscluster/ring';
import type { ApiAddress } from '../api/api.ts';
import { API_FLAGS, apiAddress } from '../api/options.ts';
import { parseScript, type Step } from './script.ts';

const MOST_CLIENTS = 20_000;

export interface DemoOptions {
  readonly clients: number;
  /** Undefined: keys control it until q. */
  readonly script: readonly Step[] | undefined;
  /** Ends after this many seconds in any case. */
  readonly seconds: number | undefined;
  /** A running cluster; undefined: the demo starts its own. */
  readonly running: { readonly api: ApiAddress; readonly gateways: readonly string[] } | undefined;
  /** Path of the WebSocket, with {key} in place of the key. */
  readonly path: string;
}

/** Reads the options of the demo; undefined if help was requested. Throws CONFIG_INVALID naming the option. */
export function readDemoOptions(args: readonly string[]): DemoOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...API_FLAGS,
      clients: { type: 'string', default: '500' },
      script: { type: 'string' },
      seconds: { type: 'string' },
      gateways: { type: 'string' },
      path: { type: 'string', default: '/websocket/connect/{key}' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return undefined;
  const clients = numberIn('clients', values.clients, 1, MOST_CLIENTS);
  if (!Number.isInteger(clients)) throw invalid('clients', 'must be a whole number');
  if (!values.path.startsWith('/') || !values.path.includes('{key}'))
    throw invalid('path', 'must begin with / and have {key} where the key goes');
  if (values.gateways !== undefined && values.api === undefined)
    throw invalid('gateways', 'needs --api too: the demo asks the cluster who owns which key');
  return {
    clients,
    script: values.script === undefined ? undefined : parseScript(values.script),
    seconds: values.seconds === undefined ? undefined : numberIn('seconds', values.seconds, 1, 86_400),
    running:
      values.api === undefined
        ? undefined
        : { api: apiAddress(values), gateways: (values.gateways ?? '').split(',').filter(Boolean).map(gatewayUrl) },
    path: values.path,
  };
}

/** `host:port`, or a ws: or wss: URL, as a URL without a path. */
export function gatewayUrl(text: string): string {
  const url = URL.parse(text.includes('://') ? text : `ws://${text}`);
  if (url !== null && ['ws:', 'wss:'].includes(url.protocol)) return url.origin;
  throw invalid('gateways', `must be host:port or ws:// URLs, separated by commas, not "${text}"`);
}

function numberIn(name: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= least && number <= most) return number;
  throw invalid(name, `must be a number from ${least} to ${most}, not "${text}"`);
}

function invalid(name: string, why: string): WsClusterError {
  return new WsClusterError('CONFIG_INVALID', `--${name}: ${why}`, { field: name });
}
