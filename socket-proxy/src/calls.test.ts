import { describe, expect, test } from 'vitest';
import { allowedCall } from './calls.ts';

const ID = 'ab12'.repeat(16);

describe('what a controller calls is passed on', () => {
  test.each([
    ['GET', '/containers/json?all=true&filters=%7B%22label%22%3A%5B%22app%3Dchat%22%5D%7D', 'list'],
    ['GET', `/containers/${ID}/json`, 'inspect'],
    ['GET', '/events?since=1764356400.000000001&filters=%7B%22type%22%3A%5B%22container%22%5D%7D', 'pass'],
    ['GET', '/images/chat/json', 'pass'],
    ['GET', '/images/registry.example:5000/team/chat:1.2/json', 'pass'],
    ['GET', `/images/chat@sha256:${ID}/json`, 'pass'],
    ['POST', '/images/create?fromImage=registry.example%3A5000%2Fteam%2Fchat&tag=1.2', 'pass'],
    ['POST', '/containers/create?name=chat-node-0a1b2c3d', 'create'],
    ['POST', `/containers/${ID}/start`, 'manage'],
    ['POST', `/containers/${ID}/stop?t=35`, 'manage'],
    ['POST', `/containers/${ID}/kill`, 'pass'],
    ['DELETE', `/containers/${ID}?v=true&force=true`, 'manage'],
  ])('%s %s', (method, target, kind) => {
    const container = target.includes(`/containers/${ID}`) ? ID : undefined;
    expect(allowedCall(method, target)).toEqual({ kind, method, path: target, container });
  });
});

describe('all else is not', () => {
  test.each([
    ['another part of the API', 'GET', '/secrets'],
    ['another part of the API', 'GET', '/info'],
    ['another part of the API', 'GET', '/images/json'],
    ['another part of the API', 'GET', '/volumes'],
    ['another part of the API', 'POST', '/volumes/create'],
    ['another part of the API', 'POST', '/build'],
    ['another part of the API', 'POST', '/swarm/init'],
    ['another part of the API', 'GET', '/'],
    ['a program in a container', 'POST', `/containers/${ID}/exec`],
    ['a program in a container', 'POST', `/exec/${ID}/start`],
    ['files of a container', 'GET', `/containers/${ID}/archive?path=/`],
    ['files of a container', 'GET', `/containers/${ID}/export`],
    ['the output of a container', 'GET', `/containers/${ID}/logs?stdout=1`],
    ['the output of a container', 'POST', `/containers/${ID}/attach`],
    ['other limits of a container', 'POST', `/containers/${ID}/update`],
    ['another method', 'POST', '/containers/json'],
    ['another method', 'HEAD', '/containers/json'],
    ['another method', 'PUT', `/containers/${ID}/archive`],
    ['another method', 'get', '/containers/json'],
    ['a version of the API', 'GET', '/v1.41/containers/json'],
    ['a name instead of an id', 'GET', '/containers/redis/json'],
    ['an abbreviated id', 'POST', `/containers/${ID.slice(0, 12)}/kill`],
    ['dots in the path', 'GET', '/containers/../secrets'],
    ['dots in the path', 'GET', '/images/../containers/x/json'],
    ['dots in the path', 'GET', '/images/a/../../containers/x/json'],
    ['dots in the path', 'GET', '/images/./json'],
    ['encoded dots or slashes', 'GET', '/images/%2e%2e/secrets/json'],
    ['encoded dots or slashes', 'GET', '/containers%2Fjson'],
    ['empty parts of the path', 'GET', '//containers/json'],
    ['empty parts of the path', 'GET', '/images//json'],
    ['a slash at the end', 'GET', '/containers/json/'],
    ['a fragment', 'GET', '/containers/json#/../../secrets'],
    ['a backslash', 'GET', '/images/..\\secrets/json'],
    ['a line break', 'GET', '/containers/json\n'],
    ['another host', 'GET', 'http://engine/containers/json'],
    ['a host to tunnel to', 'CONNECT', 'engine:2375'],
    ['nothing', 'GET', ''],
    ['a parameter of another call', 'POST', '/images/create?fromSrc=http%3A%2F%2Fhost%2Fimage.tar'],
    ['a parameter of another call', 'POST', '/containers/create?platform=linux'],
    ['a parameter of another call', 'POST', `/containers/${ID}/kill?signal=HUP`],
    ['a parameter of another call', 'DELETE', `/containers/${ID}?link=true`],
    ['a parameter twice', 'POST', `/containers/${ID}/stop?t=1&t=2`],
    ['an encoded name of a parameter', 'POST', `/containers/${ID}/stop?%74=1&t=2`],
    ['a second query', 'POST', `/containers/${ID}/stop?t=1?t=2`],
  ])('%s: %s %s', (_, method, target) => {
    expect(allowedCall(method, target)).toBeUndefined();
  });

  test('and nothing of a query is passed on as it was written', () => {
    expect(allowedCall('GET', '/containers/json?all=1;x=2&filters={}%00')?.path).toBe(
      '/containers/json?all=1%3Bx%3D2&filters=%7B%7D%00',
    );
  });
});
