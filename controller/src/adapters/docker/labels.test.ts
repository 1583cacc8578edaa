import { describe, expect, test } from 'vitest';
import { isSelected, nodeLabels } from './labels.ts';

describe('labels of a container', () => {
  test('give its weight, its limit of connections, its port and that it drains', () => {
    const labels = {
      'wscluster.io/weight': '2.5',
      'wscluster.io/max-connections': '500',
      'wscluster.io/port': '9000',
      'wscluster.io/drain': 'true',
    };
    expect(nodeLabels(labels)).toEqual({ weight: 2.5, maxConnections: 500, port: 9000, drain: true, problems: [] });
  });

  test.each([
    ['wscluster.io/weight', '0'],
    ['wscluster.io/weight', 'heavy'],
    ['wscluster.io/weight', '1001'],
    ['wscluster.io/max-connections', '-1'],
    ['wscluster.io/max-connections', '1.5'],
    ['wscluster.io/max-connections', '10000001'],
    ['wscluster.io/port', '0'],
    ['wscluster.io/port', '80.5'],
    ['wscluster.io/port', '65536'],
  ])('%s=%s is a problem that names both, and counts as not there', (name, value) => {
    const { weight, maxConnections, port, problems } = nodeLabels({ [name]: value });
    expect([weight, maxConnections, port]).toEqual([undefined, undefined, undefined]);
    expect(problems).toEqual([expect.stringContaining(`${name} is "${value}"`)]);
  });

  test('select it when all of the selector match, and never for another cluster', () => {
    const selector = { app: 'chat', tier: 'web' };
    expect(isSelected({ app: 'chat', tier: 'web', more: '1' }, selector, 'one')).toBe(true);
    expect(isSelected({ app: 'chat' }, selector, 'one')).toBe(false);
    expect(isSelected({ ...selector, 'wscluster.io/cluster': 'two' }, selector, 'one')).toBe(false);
    expect(isSelected({ 'wscluster.io/cluster': 'one', 'wscluster.io/managed': 'true' }, selector, 'one')).toBe(true);
  });
});
