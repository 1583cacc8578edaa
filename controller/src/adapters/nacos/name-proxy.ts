import { createRequire } from 'node:module';

/** The class of the npm package `nacos` that turns instances into requests of the v1 API. */
export interface NameProxy {
  registerService(serviceName: string, groupName: string, instance: PackageInstance): Promise<string>;
  deregisterService(serviceName: string, instance: PackageInstance): Promise<string>;
}

/** An instance as the package takes it. */
export interface PackageInstance {
  readonly ip: string;
  readonly port: number;
  readonly clusterName: string;
  readonly ephemeral: boolean;
  readonly weight: number;
  readonly enabled: boolean;
  readonly healthy: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What the package sends its requests by. */
export interface HttpClient {
  request(
    url: string,
    options: { method: string; data: Record<string, string> },
  ): Promise<{ status: number; data: string }>;
}

interface NameProxyOptions {
  readonly serverList: string[];
  readonly namespace: string;
  readonly logger: Record<'debug' | 'info' | 'warn' | 'error', () => void>;
  readonly httpclient: HttpClient;
}

// The package does not export it. scripts/bundle/bundle.ts puts a plain import in the place of this module.
const fromNacos = createRequire(createRequire(import.meta.url).resolve('nacos'));
export const NameProxyClass = fromNacos('nacos-naming/lib/naming/proxy') as new (
  options: NameProxyOptions,
) => NameProxy;
