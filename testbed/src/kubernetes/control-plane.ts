import { rmSync } from 'node:fs';
import type { ServerProcess } from '../process/server-process.ts';
import type { RealServer } from '../server.ts';
import { type Access, makeAccess } from './access.ts';
import { API_SERVICE, DOMAIN } from './addresses.ts';
import { apiServer } from './api-server.ts';
import { type Etcd, etcdServer } from './etcd.ts';
import { readApi } from './https.ts';
import { type Kubectl, kubectlWith, type Manifest } from './kubectl.ts';
import type { Programs } from './programs.ts';

/** An identity: a user with groups, or a service account (by default in the namespace `default`). */
export type Subject =
  | { readonly user: string; readonly groups?: readonly string[] }
  | { readonly serviceAccount: string; readonly namespace?: string };

/** An API server with its etcd. freeze, thaw and pid refer to the API server, everything else to all parts. */
export interface KubernetesApi extends RealServer, Kubectl {
  /** The API server: `https://127.0.0.1:port`. */
  readonly server: string;
  /** The path of a kubeconfig for cluster-admin, for KUBECONFIG. */
  readonly kubeconfig: string;
  /**
   * Writes a kubeconfig for another identity, with a client certificate or a token that is valid for an hour; returns
   * its path. RBAC says what the identity may do.
   */
  kubeconfigFor(subject: Subject): Promise<string>;
  /** Starts, stops and kills only the API server: etcd keeps running. */
  startApi(): Promise<void>;
  stopApi(): Promise<void>;
  killApi(): Promise<void>;
  /**
   * Makes resource versions from before the last change too old (410): compacts etcd's history, and restarts the API
   * server, which would otherwise answer watches from its own cache. Open watches break.
   */
  compact(): Promise<void>;
  /**
   * The object or list at a path of the API, such as `/api/v1/namespaces/default/pods`, as cluster-admin. To wait for
   * something: kubectl is a process each time.
   */
  read<T>(path: string): Promise<T>;
}

/** The parts of a control plane. */
export interface ControlPlaneParts {
  readonly folder: string;
  readonly access: Access;
  readonly programs: Programs;
  readonly etcd: Etcd;
  readonly api: ServerProcess;
  /** Clients of the API server that are parts of the cluster, in the order of their starts. */
  readonly clients: readonly ServerProcess[];
}

/** Creates the parts below the folder, except clients. */
export async function controlPlaneParts(
  programs: Programs,
  folder: string,
  host: string,
  port: number,
): Promise<Omit<ControlPlaneParts, 'clients'>> {
  const inPods = ['kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${DOMAIN}`];
  const names = ['localhost', ...inPods].map((name) => `DNS:${name}`);
  const access = await makeAccess(folder, [`IP:${host}`, `IP:${API_SERVICE}`, ...names]);
  const etcd = await etcdServer(folder);
  return {
    folder,
    access,
    programs,
    etcd,
    api: apiServer(programs, folder, access, { host, port, etcdUrl: etcd.url }),
  };
}

/** etcd, the API server and its clients. */
export class ControlPlane implements KubernetesApi {
  readonly address: string;
  readonly server: string;
  readonly kubeconfig: string;
  readonly #parts: ControlPlaneParts;
  readonly #kubectl: Kubectl;
  #users = 0;

  constructor(parts: ControlPlaneParts) {
    const { access, api, folder, programs } = parts;
    this.address = api.address;
    this.server = `https://${api.address}`;
    this.kubeconfig = access.kubeconfig('admin', this.server, { token: access.tokenOf('admin') });
    this.#kubectl = kubectlWith(programs, folder, this.kubeconfig);
    this.#parts = parts;
  }

  get pid(): number | undefined {
    return this.#parts.api.pid;
  }

  kubectl(...args: string[]): Promise<string> {
    return this.#kubectl.kubectl(...args);
  }

  apply(manifest: Manifest, ...args: string[]): Promise<string> {
    return this.#kubectl.apply(manifest, ...args);
  }

  read<T>(path: string): Promise<T> {
    return readApi(`${this.server}${path}`, this.#parts.access);
  }

  async kubeconfigFor(subject: Subject): Promise<string> {
    this.#users++;
    const name = `user-${this.#users}`;
    const { access } = this.#parts;
    if ('serviceAccount' in subject) {
      const { namespace = 'default', serviceAccount } = subject;
      const token = await this.kubectl('create', 'token', serviceAccount, '--namespace', namespace);
      return access.kubeconfig(name, this.server, { token: token.trim() });
    }
    const groups = (subject.groups ?? []).map((group) => `/O=${group}`);
    const subjectName = [...groups, `/CN=${subject.user}`].join('');
    const certificate = await access.authority.issue(name, subjectName, 'extendedKeyUsage=clientAuth');
    return access.kubeconfig(name, this.server, { certificate });
  }

  async start(): Promise<void> {
    await this.startServers();
    await this.startClients();
  }

  protected async startServers(): Promise<void> {
    await this.#parts.etcd.start();
    await this.#parts.api.start();
  }

  protected async startClients(): Promise<void> {
    await Promise.all(this.#parts.clients.map((client) => client.start()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#parts.clients.map((client) => client.stop()));
    await this.#parts.api.stop();
    await this.#parts.etcd.stop();
  }

  async kill(): Promise<void> {
    await Promise.all(this.#all.map((part) => part.kill()));
  }

  startApi(): Promise<void> {
    return this.#parts.api.start();
  }

  stopApi(): Promise<void> {
    return this.#parts.api.stop();
  }

  killApi(): Promise<void> {
    return this.#parts.api.kill();
  }

  freeze(): void {
    this.#parts.api.freeze();
  }

  thaw(): void {
    this.#parts.api.thaw();
  }

  async compact(): Promise<void> {
    await this.#parts.etcd.compact();
    await this.killApi();
    await this.startApi();
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#all.map((part) => part.dispose()));
    rmSync(this.#parts.folder, { recursive: true, force: true });
  }

  get #all(): readonly ServerProcess[] {
    return [...this.#parts.clients, this.#parts.api, this.#parts.etcd];
  }
}
