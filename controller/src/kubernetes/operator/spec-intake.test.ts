import { silentLogger } from '@wscluster/service';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Kube } from '../client/kube.ts';
import type { ClusterResource } from './resource.ts';
import { SpecIntake } from './spec-intake.ts';

const SECRET = { name: 'brokers', key: 'url' };

/** A resource of this generation; one without a template cannot be served. */
function resource(generation: number, { usable = true } = {}): ClusterResource {
  const template = { spec: { containers: [{ name: 'chat', image: 'chat:1' }] } };
  return {
    ...{ id: 'shop.chat', namespace: 'shop', name: 'chat', uid: 'u', resourceVersion: '1', generation },
    ...{ deleting: false, finalizers: [], status: undefined },
    spec: {
      nodes: usable ? { replicas: generation, template } : { image: 'not here' },
      bus: { rabbitmq: { secretRef: SECRET } },
      store: { redis: { secretRef: SECRET } },
    },
  };
}

describe('the spec of a WsCluster that counts', () => {
  let intake: SpecIntake;
  beforeEach(() => {
    intake = new SpecIntake({} as Kube, silentLogger);
  });

  test('is the one of the resource', () => {
    expect(intake.open(resource(3)).spec.nodes.replicas).toBe(3);
    expect(intake.problem).toBeUndefined();
  });

  test('is none when none can be served', () => {
    expect(() => intake.open(resource(1, { usable: false }))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  test('is the last one that could be served, and it is said what is wrong with the other', () => {
    const spec = intake.open(resource(1));
    expect(intake.take(spec, resource(2, { usable: false }))).toBe(false);
    expect(spec.generation).toBe(1);
    expect(intake.problem).toMatchObject({ reason: 'SpecInvalid', ofGeneration: 2 });
    expect(intake.open(resource(2, { usable: false })).generation).toBe(1);
    expect(intake.take(spec, resource(3))).toBe(true);
    expect(spec.spec.nodes.replicas).toBe(3);
    expect(intake.problem).toBeUndefined();
  });
});
