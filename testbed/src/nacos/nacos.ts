import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { needProgram } from '../process/find-program.ts';
import { serverFolder } from '../process/server-folder.ts';
import { ServerProcess } from '../process/server-process.ts';
import { started } from '../process/started.ts';
import type { RealServer } from '../server.ts';
import { archivedClasses, builtNacos, type NacosVersion } from './build.ts';
import { freeNacosPort } from './ports.ts';

export type { NacosVersion } from './build.ts';

export interface NacosOptions {
  /** 3.1 only: everything needs the token of a user. The user `nacos` has this password and all rights. */
  readonly auth?: { readonly password: string };
  /** 3.1 only: it answers the whole v1 API, as 2.x does; by default only what clients need of it. */
  readonly wholeV1?: boolean;
}

export interface NacosServer extends RealServer {
  /** `http://127.0.0.1:8848/nacos`. */
  readonly url: string;
  /** Forgets everything, as a new disk would. Only while it does not run. */
  wipe(): void;
}

/**
 * A started Nacos, alone, with data of its own that lives on over restarts. Several may run at once. Starts in 8 to 10
 * s and takes 300 MB (2.0) to 500 MB (3.1). Its HTTP is on loopback only; Raft, and gRPC of 2.0, listen on all
 * interfaces: Nacos has no option for them. Tokens end when it is started again.
 */
export async function nacosServer(version: NacosVersion, options: NacosOptions = {}): Promise<NacosServer> {
  if (version === '2.0' && (options.auth ?? options.wholeV1) !== undefined)
    throw new Error('auth and wholeV1 are options of Nacos 3.1; this Nacos 2.0 has no login, and all of v1');
  const jars = await builtNacos(version);
  const archive = await archivedClasses(version, jars, (flags) => startedOnce(version, jars, flags));
  const flags = [`-XX:SharedArchiveFile=${archive}`];
  return await started(new Nacos(version, options, await freeNacosPort(), jars, flags));
}

/** Builds both versions, and starts each once; takes one and a half minutes the first time, and nothing later. */
export async function provideNacos(): Promise<void> {
  for (const version of ['3.1', '2.0'] as const) {
    const jars = await builtNacos(version);
    await archivedClasses(version, jars, (flags) => startedOnce(version, jars, flags));
  }
}

async function startedOnce(version: NacosVersion, jars: readonly string[], flags: readonly string[]): Promise<void> {
  const server = await started(new Nacos(version, {}, await freeNacosPort(), jars, flags));
  await server.stop();
  await server.dispose();
}

/** By this header it would know other servers of its cluster. It must have one, though it is alone. */
const IDENTITY = { key: 'testbed', value: 'testbed' };

class Nacos extends ServerProcess implements NacosServer {
  readonly url: string;
  readonly #home: string;
  readonly #properties: () => Record<string, string>;
  readonly #userPassword: string | undefined;

  constructor(
    version: NacosVersion,
    options: NacosOptions,
    port: number,
    jars: readonly string[],
    flags: readonly string[],
  ) {
    const folder = serverFolder(`nacos-${version}`);
    const url = `http://127.0.0.1:${port}/nacos`;
    super({
      name: `Nacos ${version}`,
      address: `127.0.0.1:${port}`,
      folder,
      command: [
        needProgram('java', 'default-jdk-headless'),
        // It lives for seconds: a quick start matters more than fast code.
        ...['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
        ...flags,
        ...OPENED.flatMap((name) => ['--add-opens', `java.base/${name}=ALL-UNNAMED`]),
        `-Djava.io.tmpdir=${join(folder, 'tmp')}`,
        `-Duser.home=${folder}`,
        `-Dnacos.home=${folder}`,
        '-Dnacos.standalone=true',
        '-Dnacos.inetutils.ip-address=127.0.0.1',
        '-Dnacos.remote.grpc.listen.ip=127.0.0.1',
        '-Dserver.address=127.0.0.1',
        `-Dserver.tomcat.basedir=${folder}`,
        '-Dserver.tomcat.accesslog.enabled=false',
        `-Dspring.config.additional-location=file:${join(folder, 'conf')}/`,
        ...['-cp', jars.join(':'), 'io.wscluster.testbed.Nacos'],
      ],
      stopMs: 60_000, // the first one writes its classes at the end
      answers: () => takesInstances(url),
    });
    this.url = url;
    this.#home = folder;
    this.#userPassword = options.auth?.password;
    this.#properties = () => (version === '3.1' ? properties31(port, options) : properties20(port));
  }

  override async start(): Promise<void> {
    for (const name of ['conf', 'tmp']) mkdirSync(join(this.#home, name), { recursive: true });
    const lines = Object.entries(this.#properties()).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(this.#home, 'conf', 'application.properties'), lines.join(''));
    await super.start();
    if (this.#userPassword !== undefined) await setPassword(this.url, this.#userPassword);
  }

  wipe(): void {
    if (this.pid !== undefined) throw new Error('stop or kill it first');
    rmSync(join(this.#home, 'data'), { recursive: true, force: true });
  }
}

/** What the serialisers of Nacos reach into. */
const OPENED = ['java.lang', 'java.math', 'java.util', 'java.util.concurrent', 'java.util.concurrent.atomic'];

// Spring would put a login of its own before everything.
const NO_SPRING_LOGIN = {
  'spring.autoconfigure.exclude': [
    'org.springframework.boot.autoconfigure.security.servlet.SecurityAutoConfiguration',
    'org.springframework.boot.autoconfigure.security.servlet.UserDetailsServiceAutoConfiguration',
    'org.springframework.boot.autoconfigure.security.servlet.SecurityFilterAutoConfiguration',
    'org.springframework.boot.actuate.autoconfigure.security.servlet.ManagementWebSecurityAutoConfiguration',
  ].join(','),
};

/** Milliseconds; within the 3 s that are its default, Nacos gives its own database up on a busy machine. */
const DATABASE_PATIENCE = { 'db.pool.config.connection-timeout': '60000' };

function properties31(port: number, { auth, wholeV1 = false }: NacosOptions): Record<string, string> {
  return {
    ...NO_SPRING_LOGIN,
    ...DATABASE_PATIENCE,
    'nacos.server.main.port': String(port),
    'nacos.core.auth.enabled': String(auth !== undefined),
    'nacos.core.auth.admin.enabled': String(auth !== undefined),
    'nacos.core.auth.system.type': 'nacos',
    'nacos.core.auth.server.identity.key': IDENTITY.key,
    'nacos.core.auth.server.identity.value': IDENTITY.value,
    'nacos.core.auth.plugin.nacos.token.secret.key': randomBytes(48).toString('base64'),
    'nacos.core.api.compatibility.admin.enabled': String(wholeV1),
    'nacos.core.api.compatibility.console.enabled': String(wholeV1),
  };
}

function properties20(port: number): Record<string, string> {
  return {
    ...NO_SPRING_LOGIN,
    ...DATABASE_PATIENCE,
    'server.port': String(port),
    'server.servlet.contextPath': '/nacos',
  };
}

/** It answers some seconds before it can keep anything: first its Raft groups must have found their leaders. */
async function takesInstances(url: string): Promise<boolean> {
  const instance = 'serviceName=testbed-starts&ip=127.0.0.1&port=1&ephemeral=false';
  const ask = async (method: string) => {
    const headers = { [IDENTITY.key]: IDENTITY.value, connection: 'close' };
    const answer = await fetch(`${url}/v1/ns/instance?${instance}`, {
      method,
      headers,
      signal: AbortSignal.timeout(2000),
    });
    await answer.text();
    return answer.ok;
  };
  try {
    return (await ask('POST')) && (await ask('DELETE'));
  } catch {
    return false;
  }
}

/** Milliseconds; Nacos reads its users anew every 15 s, and lets nobody in whom it has not read. */
const USERS_READ_MS = 40_000;

/**
 * Once in its life a Nacos gives the user `nacos` a password without asking for the old one. Waits until he may log in.
 */
async function setPassword(url: string, password: string): Promise<void> {
  const post = async (path: string, form: Record<string, string>) => {
    const headers = { connection: 'close' };
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: new URLSearchParams(form) });
    await answer.text();
    return answer.ok;
  };
  await post('/v3/auth/user/admin', { password });
  const deadline = performance.now() + USERS_READ_MS;
  while (!(await post('/v3/auth/user/login', { username: 'nacos', password }))) {
    if (performance.now() > deadline) throw new Error(`Nacos at ${url} lets its first user in for no password of ours`);
    await delay(100);
  }
}
