import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { join } from 'node:path';
import { messageOf, WsClusterError } from '@wscluster/ring';
import Docker from 'dockerode';

export interface DockerConnection {
  /** As in DOCKER_HOST: `unix:///path` or `tcp://host:port`; default `unix:///var/run/docker.sock`. */
  readonly host: string | undefined;
  /** TLS, with the engine's certificate verified; default false. Only for tcp. */
  readonly tlsVerify?: boolean;
  /** Folder of `ca.pem`, `cert.pem` and `key.pem`. Without it: the system's authorities, and no client certificate. */
  readonly certPath?: string;
}

const DEFAULT_DOCKER_HOST = 'unix:///var/run/docker.sock';
const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/** The host that published ports of this engine are reached at: the engine's own, 127.0.0.1 for a socket. */
export function publishedHostOf(dockerHost: string | undefined): string {
  const url = URL.parse(dockerHost ?? DEFAULT_DOCKER_HOST);
  if (url?.protocol !== 'tcp:') return '127.0.0.1';
  return url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1';
}

/** A client of the engine, and the engine's name for messages. Throws CONFIG_INVALID. */
export function openDocker(connection: DockerConnection): { docker: Docker; name: string } {
  const name = connection.host ?? DEFAULT_DOCKER_HOST;
  const url = URL.parse(name);
  if (url?.protocol === 'unix:' && url.pathname.length > 1)
    return { docker: client({ socketPath: decodeURIComponent(url.pathname) }), name };
  if (url?.protocol !== 'tcp:' || url.hostname === '')
    throw new WsClusterError(
      'CONFIG_INVALID',
      `the Docker host is ${JSON.stringify(name)}: must be unix:///path or tcp://host:port`,
      { field: 'docker.host' },
    );
  const tls = connection.tlsVerify === true;
  return {
    docker: client({
      // With a scheme, so that an IPv6 address is parsed correctly.
      host: `${tls ? 'https' : 'http'}://${url.hostname}`,
      port: url.port || (tls ? TLS_PORT : PLAIN_PORT),
      protocol: tls ? 'https' : 'http',
      ...(tls && connection.certPath !== undefined ? certificates(connection.certPath) : {}),
    }),
    name,
  };
}

function certificates(directory: string): { ca: string; cert: string; key: string } {
  const read = (file: string) => {
    try {
      return readFileSync(join(directory, file), 'utf8');
    } catch (error) {
      throw new WsClusterError(
        'CONFIG_INVALID',
        `the Docker certificate ${join(directory, file)} cannot be read: ${messageOf(error)}; the folder must contain ca.pem, cert.pem and key.pem`,
        { field: 'docker.certPath', cause: error },
      );
    }
  };
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}

function client(options: Docker.DockerOptions): Docker {
  // One connection per request: a kept connection that the engine has dropped would fail the next request.
  const agent =
    options.protocol === 'https' ? new HttpsAgent({ keepAlive: false }) : new HttpAgent({ keepAlive: false });
  // The client would fill each gap from DOCKER_HOST and the like, and prefer that host to our socket.
  const gaps = {
    host: undefined,
    socketPath: undefined,
    port: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
  };
  const settled = { ...gaps, protocol: 'http', pathPrefix: '/', timeout: 0, ...options, agent };
  try {
    return new Docker(settled as Docker.DockerOptions);
  } catch (error) {
    throw new WsClusterError(
      'CONFIG_INVALID',
      `DOCKER_HOST or DOCKER_CERT_PATH in the environment cannot be used: ${messageOf(error)}; unset them`,
      { field: 'docker.host', cause: error },
    );
  }
}
