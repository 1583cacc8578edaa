import { messageOf, WsClusterError } from '@wscluster/ring';
import { type Logger, withDeadline } from '@wscluster/service';

/** How long a creation waits for a pull, ms. A longer pull continues, and the next creation finds the image. */
const WAIT_MS = 3000;

/** Pulls missing images, each only once at a time. */
export class ImagePuller {
  readonly #pull: (image: string) => Promise<void>;
  readonly #log: Logger;
  readonly #pulls = new Map<string, Promise<void>>();
  /** Images whose last pull failed: the next attempt is not logged again. */
  readonly #failed = new Set<string>();

  constructor(pull: (image: string) => Promise<void>, log: Logger) {
    this.#pull = pull;
    this.#log = log;
  }

  /** Resolves once the image is pulled. Rejects with SOURCE_UNAVAILABLE if it could not be, or is not yet. */
  async need(image: string): Promise<void> {
    const pull = this.#pulls.get(image) ?? this.#begin(image);
    const late = () =>
      new WsClusterError('SOURCE_UNAVAILABLE', `the image ${image} is not on the engine yet; it is being pulled`);
    await withDeadline({ ms: WAIT_MS, late }, () => pull);
  }

  #begin(image: string): Promise<void> {
    if (!this.#failed.has(image)) this.#log.info({ event: 'image-pull', image }, `pulling the image ${image}`);
    const pull = this.#pull(image)
      .then(() => {
        this.#failed.delete(image);
      })
      .catch((error: unknown) => {
        this.#failed.add(image);
        throw new WsClusterError(
          'SOURCE_UNAVAILABLE',
          `the image ${image} is not on the engine, and pulling it failed (${messageOf(error)}): ` +
            `run docker pull ${image}, build it, or correct spec.nodes.image`,
          { cause: error },
        );
      })
      .finally(() => this.#pulls.delete(image));
    pull.catch(() => {}); // Somebody may wait for it no longer.
    this.#pulls.set(image, pull);
    return pull;
  }
}
