import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { withDeadline } from '@wscluster/service';
import type Docker from 'dockerode';
import { type DockerConnection, openDocker } from './connection.ts';
import { engineError, statusOf } from './engine-error.ts';
import { EVENT_FILTERS } from './event.ts';
import { type ContainerFacts, factsOf } from './facts.ts';
import type { Labels } from './labels.ts';

/** Deadline of requests that should be answered at once, ms. A frozen engine answers none. */
const ANSWER_MS = 5000;
/** Deadline of creating and starting, which are real work on a busy host, ms. */
const WORK_MS = 20_000;
/** Deadline of a pull, which downloads, ms. */
const PULL_MS = 600_000;
/** TCP keep-alive: finds out after some minutes that an engine has vanished, ms. */
const TCP_KEEPALIVE_MS = 30_000;

/** A row of the engine's list of containers. */
export type ContainerRow = Docker.ContainerInfo;

/** The name that people know a container by. */
export function nameOf({ Id, Names }: ContainerRow): string {
  return Names[0]?.replace(/^\//, '') ?? Id;
}

/** The part of the Docker API that we use, with a deadline on each request. Rejects with SOURCE_UNAVAILABLE. */
export class Engine {
  readonly #docker: Docker;
  readonly #name: string;
  readonly #closing = new AbortController();

  /** Connects to nothing yet. Throws CONFIG_INVALID. */
  constructor(connection: DockerConnection) {
    const { docker, name } = openDocker(connection);
    this.#docker = docker;
    this.#name = name;
  }

  /** All containers with these labels, running or not. */
  list(labels: Labels): Promise<readonly ContainerRow[]> {
    const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    return this.#ask('list its containers', ANSWER_MS, (abortSignal) =>
      this.#docker.listContainers({ all: true, filters: { label }, abortSignal }),
    );
  }

  /** Undefined if there is no such container. */
  inspect(id: string): Promise<ContainerFacts | undefined> {
    return this.#ask(`inspect container ${id}`, ANSWER_MS, async (abortSignal) => {
      try {
        return factsOf(await this.#docker.getContainer(id).inspect({ abortSignal }));
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    });
  }

  /** Resolves with the bytes of the event stream once the engine sends it. `since` is in the format of momentAfter. */
  events(since: string): Promise<Readable> {
    return this.#ask('send its events', ANSWER_MS, async (abortSignal) => {
      // The signal ends only the request: nothing aborts it once there is an answer.
      const request: object = { since, filters: EVENT_FILTERS, abortSignal };
      const stream = (await this.#docker.getEvents(request)) as unknown as IncomingMessage;
      stream.socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
      return stream;
    });
  }

  /** Creates a container and starts it; one that cannot be started is removed again. */
  async run(name: string, container: Docker.ContainerCreateOptions): Promise<string> {
    const created = await this.#ask('create a container', WORK_MS, (abortSignal) => {
      // The library needs these two names, or it would put the whole container into the URL as well.
      const request = { _query: { name }, _body: container, abortSignal };
      return this.#docker.createContainer(request as Docker.ContainerCreateOptions);
    });
    try {
      await this.#ask(`start container ${name}`, WORK_MS, (abortSignal) => created.start({ abortSignal }));
    } catch (error) {
      await this.remove(created.id, true).catch(() => {});
      throw error;
    }
    return created.id;
  }

  async hasImage(image: string): Promise<boolean> {
    return this.#ask(`look for the image ${image}`, ANSWER_MS, async (abortSignal) => {
      try {
        await this.#docker.getImage(image).inspect({ abortSignal } as object);
        return true;
      } catch (error) {
        if (statusOf(error) === 404) return false;
        throw error;
      }
    });
  }

  /** Resolves once the image is there. */
  async pull(image: string): Promise<void> {
    await this.#ask(`pull ${image}`, PULL_MS, async (abortSignal) => {
      const stream = (await this.#docker.pull(image, { abortSignal })) as Readable;
      await new Promise<void>((resolve, reject) => {
        this.#docker.modem.followProgress(stream, (error: Error | null, lines: readonly { error?: string }[]) => {
          // A failure after the first byte comes with status 200, as a line of the progress.
          const failure = error ?? lines.find((line) => line.error !== undefined)?.error;
          if (failure === undefined) resolve();
          else reject(failure instanceof Error ? failure : new Error(failure));
        });
      });
    });
  }

  /**
   * Sends the container's stop signal, and SIGKILL after `seconds`. Resolves when it has ended; false if there was
   * nothing to stop.
   */
  stop(id: string, seconds: number): Promise<boolean> {
    return this.#act(`stop container ${id}`, seconds * 1000 + WORK_MS, (abortSignal) =>
      this.#docker.getContainer(id).stop({ t: seconds, abortSignal }),
    );
  }

  /** Sends SIGKILL; false if it is not running. */
  kill(id: string): Promise<boolean> {
    return this.#act(`kill container ${id}`, ANSWER_MS, (abortSignal) =>
      this.#docker.getContainer(id).kill({ abortSignal }),
    );
  }

  /** Removes a container with its anonymous volumes; false if it does not exist, or runs without `force` given. */
  remove(id: string, force: boolean): Promise<boolean> {
    return this.#act(`remove container ${id}`, WORK_MS, (abortSignal) =>
      this.#docker.getContainer(id).remove({ v: true, force, abortSignal }),
    );
  }

  /** Ends all requests; later ones fail. */
  close(): void {
    this.#closing.abort(new Error('the source is closed'));
  }

  async #act(what: string, ms: number, act: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> {
    return this.#ask(what, ms, async (signal) => {
      try {
        await act(signal);
        return true;
      } catch (error) {
        // 304: already in that state; 404: does not exist; 409: its state does not allow the call.
        const status = statusOf(error);
        if (status === 304 || status === 404 || status === 409) return false;
        throw error;
      }
    });
  }

  /** Ends even if the library does not: it never settles an answer that breaks off halfway. */
  async #ask<T>(what: string, ms: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = () => new Error(`no answer within ${ms / 1000} s`);
    try {
      return await withDeadline({ ms, late, signal: this.#closing.signal }, ask);
    } catch (error) {
      throw engineError(error, this.#name, what);
    }
  }
}
