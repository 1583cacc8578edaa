import { expect, test } from 'vitest';
import { addressesOf } from './addresses.ts';
import { podFacts } from './pod-facts.ts';

const cluster = { name: 'chat', namespace: 'prod', uid: 'u1', id: 'prod.chat' };
function pod(uid: string, podIP: string, createdAt: string, port?: string) {
  const annotations = port === undefined ? {} : { 'wscluster.io/port': port };
  const metadata = { name: `pod-${uid}`, uid, resourceVersion: '1', creationTimestamp: createdAt, annotations };
  const facts = podFacts({ metadata, spec: { containers: [] }, status: { podIP } }, cluster);
  if (facts === undefined) throw new Error('it is none of ours');
  return facts;
}

test('a pod is reached at its IP address, and the port of its own or of the cluster', () => {
  const pods = [pod('a', '10.0.0.1', ''), pod('b', 'fd00::7', ''), pod('c', '10.0.0.1', '', '9000'), pod('d', '', '')];
  expect(Object.fromEntries(addressesOf(pods, 8080).addresses)).toEqual({
    a: '10.0.0.1:8080',
    b: '[fd00::7]:8080',
    c: '10.0.0.1:9000',
  });
});

test('of two with one address, as on the network of one host, the older one has it', () => {
  const pods = [pod('a', '10.0.0.1', '2026-01-02T00:00:00Z'), pod('b', '10.0.0.1', '2026-01-01T00:00:00Z')];
  const { addresses, taken } = addressesOf(pods, 8080);
  expect([...addresses.keys()]).toEqual(['b']);
  expect(taken.get('a')).toEqual({ address: '10.0.0.1:8080', by: 'pod-b' });
});
