import { type Logger, Trouble } from '@wscluster/service';
import type { Kube } from '../client/kube.ts';
import type { ClusterResource } from './resource.ts';
import { ResourceSpec } from './resource-spec.ts';
import { type Obstacle, obstacleOf } from './status.ts';

/** Which spec of a resource counts: the last one that can be served. */
export class SpecIntake {
  readonly #kube: Kube;
  readonly #trouble: Trouble;
  #served: ClusterResource | undefined;
  #problem: Obstacle | undefined;

  constructor(kube: Kube, log: Logger) {
    this.#kube = kube;
    this.#trouble = new Trouble(log);
  }

  /** The last resource that could be served; undefined before. */
  get served(): ClusterResource | undefined {
    return this.#served;
  }

  /** Of the spec as it is now, while the one before counts. */
  get problem(): Obstacle | undefined {
    return this.#problem;
  }

  /** The spec of the resource, or of the last one that could be served. Throws CONFIG_INVALID when there was none. */
  open(resource: ClusterResource): ResourceSpec {
    try {
      const spec = new ResourceSpec(this.#kube, resource);
      this.#served = resource;
      this.accept();
      return spec;
    } catch (error) {
      if (this.#served === undefined) throw error;
      this.refuse(error, resource);
      return new ResourceSpec(this.#kube, this.#served);
    }
  }

  /** Makes an open spec say what the resource says now; false when that cannot be served. */
  take(spec: ResourceSpec, resource: ClusterResource): boolean {
    try {
      spec.take(resource);
    } catch (error) {
      this.refuse(error, resource);
      return false;
    }
    this.#served = resource;
    this.accept();
    return true;
  }

  accept(): void {
    this.#problem = undefined;
    this.#trouble.recovered();
  }

  refuse(error: unknown, { id, generation }: ClusterResource): void {
    const problem = { ...obstacleOf(error), ofGeneration: generation };
    this.#problem = problem;
    const action = 'correct it; the previous spec stays in use meanwhile';
    this.#trouble.failed({ event: 'spec-refused', cluster: id, action }, problem.message, problem.message);
  }
}
