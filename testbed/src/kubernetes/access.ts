import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, makeAuthority } from '../certificates/authority.ts';

/** Users with a token from the API server's start on, and their groups. */
const USERS = {
  admin: ['wscluster-admin', 'system:masters'],
  'controller-manager': ['system:kube-controller-manager'],
  scheduler: ['system:kube-scheduler'],
  proxy: ['system:kube-proxy'],
  dns: ['system:coredns'],
} as const satisfies Record<string, readonly [string, ...string[]]>;

export type KnownUser = keyof typeof USERS;

/** How a client proves its identity. */
export type Credentials = { readonly token: string } | { readonly certificate: string };

/** The keys, certificates and tokens of one cluster. */
export interface Access {
  readonly authority: Authority;
  /** The certificates' folders. */
  readonly server: string;
  readonly kubeletClient: string;
  /** The file of the key that signs the tokens of service accounts. */
  readonly accountKey: string;
  /** The file of the tokens of the known users, for --token-auth-file. */
  readonly tokens: string;
  tokenOf(user: KnownUser): string;
  /** Writes a kubeconfig for the API server at `url`; returns its path. */
  kubeconfig(name: string, url: string, credentials: Credentials): string;
}

/**
 * Creates them in the folder. `names` are the addresses and names of the API server, in the format of subjectAltName.
 */
export async function makeAccess(folder: string, names: readonly string[]): Promise<Access> {
  const authority = await makeAuthority(join(folder, 'certificates'));
  const [server, kubeletClient] = await Promise.all([
    authority.issue('server', '/CN=kube-apiserver', `subjectAltName=${names.join(',')}`, 'extendedKeyUsage=serverAuth'),
    authority.issue('kubelet-client', '/O=system:masters/CN=kube-apiserver', 'extendedKeyUsage=clientAuth'),
  ]);
  const accountKey = join(folder, 'accounts.key');
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  writeFileSync(accountKey, privateKey, { mode: 0o600 });
  const known = Object.keys(USERS) as KnownUser[];
  const secrets = new Map(known.map((user) => [user, randomBytes(16).toString('hex')]));
  const tokenOf = (user: KnownUser) => secrets.get(user) ?? '';
  const tokens = join(folder, 'tokens.csv');
  const line = (user: KnownUser) => {
    const [name, ...groups]: readonly string[] = USERS[user];
    return `${tokenOf(user)},${name},${name},"${groups.join(',')}"\n`;
  };
  writeFileSync(tokens, known.map(line).join(''), { mode: 0o600 });
  return {
    ...{ authority, server, kubeletClient, accountKey, tokens, tokenOf },
    kubeconfig: (name, url, credentials) => {
      const file = join(folder, `${name}.kubeconfig`);
      const config = kubeconfig(url, readFileSync(authority.certificate), credentials);
      writeFileSync(file, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
      return file;
    },
  };
}

/** All in one file, which can be copied to where it is needed. JSON is YAML. */
function kubeconfig(server: string, authority: Buffer, credentials: Credentials): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'testbed', cluster: { server, 'certificate-authority-data': authority.toString('base64') } }],
    users: [{ name: 'testbed', user: userOf(credentials) }],
    contexts: [{ name: 'testbed', context: { cluster: 'testbed', user: 'testbed' } }],
    'current-context': 'testbed',
  };
}

function userOf(credentials: Credentials): object {
  if ('token' in credentials) return { token: credentials.token };
  const file = (name: string) => readFileSync(join(credentials.certificate, name)).toString('base64');
  return { 'client-certificate-data': file('cert.pem'), 'client-key-data': file('key.pem') };
}
