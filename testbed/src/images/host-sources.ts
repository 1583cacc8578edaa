import { existsSync } from 'node:fs';
import { run } from '../process/run.ts';

/** How this machine reaches Debian's and npm's packages, since images that are built here must reach them too. */
export interface HostSources {
  /** Where debootstrap gets the release. */
  readonly mirror: string;
  /** The lines of a sources.list. */
  readonly sources: readonly string[];
  /** apt's settings of proxies and dates, as `apt-config dump` prints them. */
  readonly aptSettings: readonly string[];
  /** The certificates that this machine trusts. */
  readonly trusted: readonly string[];
  /** Variables of npm and Node: the registry and the trusted certificates, where they are not the usual ones. */
  readonly env: Readonly<Record<string, string>>;
}

const TRUST_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';
/** update-ca-certificates rebuilds the bundle from here. */
const TRUST_FOLDER = '/usr/local/share/ca-certificates';
const NPM_REGISTRY = 'https://registry.npmjs.org/';

/** Reads them from apt and npm. `release` is Debian's: bookworm. */
export async function hostSources(release: string): Promise<HostSources> {
  const targets = await run('apt-get', [
    ...['indextargets', '--format', '$(SITE) $(RELEASE) $(COMPONENT)', 'Created-By: Packages'],
  ]);
  const lines = [...new Set(targets.split('\n'))].filter((line) => line.split(' ')[1]?.startsWith(release));
  const mirror = lines.find((line) => line.split(' ')[1] === release)?.split(' ')[0];
  if (mirror === undefined)
    throw new Error(
      `apt knows no mirror of Debian's ${release}: name one in /etc/apt/sources.list, then apt-get update`,
    );
  const settings = await run('apt-config', ['dump']);
  const npm = async (setting: string) => (await run('npm', ['config', 'get', setting, '--global'])).trim();
  const registry = await npm('registry');
  const ownTrust = process.env.NODE_EXTRA_CA_CERTS !== undefined || existsSync(await npm('cafile'));
  return {
    mirror,
    sources: lines.map((line) => `deb ${line}`),
    aptSettings: settings.split('\n').filter((line) => /^Acquire::(https?::Proxy|Check-)/i.test(line)),
    trusted: [TRUST_BUNDLE, TRUST_FOLDER].filter((path) => existsSync(path)),
    env: {
      ...(registry === NPM_REGISTRY ? {} : { NPM_CONFIG_REGISTRY: registry }),
      ...(ownTrust ? { NODE_EXTRA_CA_CERTS: TRUST_BUNDLE } : {}),
    },
  };
}
