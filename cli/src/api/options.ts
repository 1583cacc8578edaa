import { WsClusterError } from '@wscluster/ring';
import type { ApiAddress } from './api.ts';

const DEFAULT_URL = 'http://127.0.0.1:7080';

/** The options of every command that calls the API, for parseArgs. */
export const API_FLAGS = {
  api: { type: 'string' },
  token: { type: 'string' },
  cluster: { type: 'string' },
} as const;

export const API_HELP = `  --api URL        address of the API [WSCLUSTER_API_URL] (default ${DEFAULT_URL})
  --token TOKEN    token of the API, which it requires beyond loopback [WSCLUSTER_API_TOKEN] (default: none)
  --cluster NAME   which cluster, if the controller runs several (default: the only one)
`;

export interface ApiFlags {
  readonly api?: string | undefined;
  readonly token?: string | undefined;
  readonly cluster?: string | undefined;
}

/** The address of the API from flags, then the environment, then the default. Throws CONFIG_INVALID naming the flag. */
export function apiAddress(flags: ApiFlags, env: NodeJS.ProcessEnv = process.env): ApiAddress {
  const given = flags.api ?? (env.WSCLUSTER_API_URL || DEFAULT_URL);
  const url = URL.parse(given.includes('://') ? given : `http://${given}`);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new WsClusterError(
      'CONFIG_INVALID',
      `--api (or WSCLUSTER_API_URL): must be a URL such as ${DEFAULT_URL}, not "${given}"`,
      { field: 'api' },
    );
  return { url, token: flags.token ?? (env.WSCLUSTER_API_TOKEN || undefined), cluster: flags.cluster };
}
