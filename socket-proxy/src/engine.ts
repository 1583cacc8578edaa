import { type IncomingMessage, request } from 'node:http';
import { messageOf, WsClusterError } from '@wscluster/ring';

export interface EngineRequest {
  readonly method: string;
  readonly path: string;
  /** JSON. */
  readonly body?: string | undefined;
}

/** The Docker engine behind its Unix socket. */
export class Engine {
  readonly socket: string;

  constructor(socket: string) {
    this.socket = socket;
  }

  /** Resolves with the answer when it begins. Rejects with SOURCE_UNAVAILABLE if the engine cannot be reached. */
  ask({ method, path, body }: EngineRequest, signal: AbortSignal): Promise<IncomingMessage> {
    // One connection per request: a kept connection that the engine has dropped would fail the next request.
    const asked = request({ socketPath: this.socket, method, path, agent: false, signal });
    if (body !== undefined) asked.setHeader('content-type', 'application/json');
    return new Promise((resolve, reject) => {
      asked.once('response', resolve);
      asked.on('error', (error) => reject(unreachable(this.socket, error)));
      asked.end(body);
    });
  }
}

/** Nothing listens on the socket: it belongs to an engine that has ended, and will not be used again. */
export function isSocketGone(error: unknown): boolean {
  return error instanceof WsClusterError && codeOf(error.cause) === 'ECONNREFUSED';
}

function unreachable(socket: string, error: Error): WsClusterError {
  const message = `the Docker engine at ${socket} cannot be reached: ${messageOf(error)}${adviceOn(codeOf(error))}`;
  return new WsClusterError('SOURCE_UNAVAILABLE', message, { cause: error });
}

function adviceOn(code: string | undefined): string {
  if (code === 'EACCES' || code === 'EPERM')
    return '; root of this container must own the socket, or be allowed to write to it (docs/docker.md, "The Docker socket")';
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return '; check that the engine is running and listens there';
  return '';
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
