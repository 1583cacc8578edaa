import { silentLogger } from '@wscluster/service';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Kube } from '../client/kube.ts';
import type { ClusterResource } from './resource.ts';
import { SpecIntake } from './spec-intake.ts';

const SECRET = { name: 'brokers', key: 'url' };

const ROUTES = [{ path: '/a', name: '', key: { query: 'x' } }];

/** A resource of this generation; one without a template cannot be served. */
function resource(generation: number, { usable = true, routes = ROUTES } = {}): ClusterResource {
  const template = { spec: { containers: [{ name: 'chat', image: 'chat:1' }] } };
  return {
    ...{ id: 'shop.chat', namespace: 'shop', name: 'chat', uid: 'u', resourceVersion: '1', generation },
    ...{ deleting: false, finalizers: [], status: undefined },
    spec: {
      nodes: usable ? { replicas: generation, template } : { image: 'not here' },
      bus: { rabbitmq: { secretRef: SECRET } },
      store: { redis: { secretRef: SECRET } },
      routing: { routes },
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

  test('is not one that changes the key of a route, by whatever name', () => {
    const spec = intake.open(resource(1));
    const renamed = [{ path: '/a', name: 'other', key: { query: 'y' } }];
    expect(intake.take(spec, resource(2, { routes: renamed }))).toBe(false);
    expect(intake.problem?.message).toContain('spec.routing.routes[0].key: cannot be changed');
    expect(spec.spec.routing.routes).toEqual(ROUTES);
    expect(intake.take(spec, resource(3, { routes: [{ path: '/b', name: '', key: { query: 'x' } }] }))).toBe(true);
    expect(intake.take(spec, resource(4, { routes: renamed }))).toBe(true);
  });
});
