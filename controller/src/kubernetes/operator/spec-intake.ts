import { type Logger, Trouble } from '@wscluster/service';
import type { Kube } from '../client/kube.ts';
import type { ClusterResource } from './resource.ts';
import { ResourceSpec } from './resource-spec.ts';
import { type Obstacle, obstacleOf } from './status.ts';

/** Decides which spec of a resource is in use: the last one that can be served. */
export class SpecIntake {
  readonly #kube: Kube;
  readonly #trouble: Trouble;
  #served: ClusterResource | undefined;
  #problem: Obstacle | undefined;

  constructor(kube: Kube, log: Logger) {
    this.#kube = kube;
    this.#trouble = new Trouble(log);
  }

  /** The last resource that could be served; undefined if there was none. */
  get served(): ClusterResource | undefined {
    return this.#served;
  }

  /** The problem with the present spec, while the previous one is in use. */
  get problem(): Obstacle | undefined {
    return this.#problem;
  }

  /** The spec of the resource, or of the last one that could be served. Throws CONFIG_INVALID if there is none. */
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

  /** Brings an open spec up to date with the resource; false if that cannot be served. */
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
