import { describe, expect, test } from 'vitest';
import { containerToCreate } from './created-container.ts';

const HOST_CONFIG = { Init: true, RestartPolicy: { Name: 'no' }, NetworkMode: 'wscluster' };
const CONTAINER = {
  Image: 'chat:1.2',
  Labels: { app: 'chat', 'wscluster.io/cluster': 'chat', 'wscluster.io/managed': 'true' },
  Env: ['WSCLUSTER_LISTEN=:8080'],
  Cmd: ['node', 'main.js'],
  ExposedPorts: { '8080/tcp': {} },
  StopTimeout: 35,
  HostConfig: { ...HOST_CONFIG, PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } },
};

test('a container as the controller makes one is created', () => {
  expect(JSON.parse(containerToCreate(JSON.stringify(CONTAINER)))).toEqual(CONTAINER);
  const { Cmd: _, ...without } = { ...CONTAINER, HostConfig: { Init: true, RestartPolicy: { Name: 'no' } } };
  expect(JSON.parse(containerToCreate(JSON.stringify(without)))).toEqual(without);
});

test('it is written anew, so that the engine reads what was checked', () => {
  const twice = JSON.stringify(CONTAINER).replace('{', '{"Image":"other",');
  expect(containerToCreate(twice)).toBe(JSON.stringify(CONTAINER));
});

describe('a container is refused', () => {
  test.each([
    ['Privileged', true],
    ['privileged', true],
    ['Binds', ['/:/host']],
    ['Mounts', [{ Type: 'bind', Source: '/', Target: '/host' }]],
    ['VolumesFrom', ['redis']],
    ['Devices', [{ PathOnHost: '/dev/sda', PathInContainer: '/dev/sda', CgroupPermissions: 'rwm' }]],
    ['DeviceRequests', []],
    ['CapAdd', ['SYS_ADMIN']],
    ['SecurityOpt', ['seccomp=unconfined']],
    ['PidMode', 'host'],
    ['IpcMode', 'host'],
    ['UTSMode', 'host'],
    ['UsernsMode', 'host'],
    ['CgroupnsMode', 'host'],
    ['CgroupParent', '/'],
    ['Sysctls', { 'net.ipv4.ip_forward': '1' }],
    ['Runtime', 'other'],
    ['LogConfig', { Type: 'syslog' }],
    ['PublishAllPorts', true],
    ['AutoRemove', true],
  ])('with HostConfig.%s', (field, value) => {
    const container = { ...CONTAINER, HostConfig: { ...HOST_CONFIG, [field]: value } };
    expect(() => containerToCreate(JSON.stringify(container))).toThrow(field);
  });

  test.each(['host', 'container:redis', 'ns:/proc/1/ns/net', '', '../x'])('on the network %j', (NetworkMode) => {
    const container = { ...CONTAINER, HostConfig: { ...HOST_CONFIG, NetworkMode } };
    expect(() => containerToCreate(JSON.stringify(container))).toThrow('HostConfig.NetworkMode');
  });

  test.each([
    ['User', 'root'],
    ['Volumes', { '/data': {} }],
    ['Entrypoint', ['/bin/sh']],
    ['NetworkingConfig', { EndpointsConfig: {} }],
    ['image', 'other'],
    ['hostconfig', { Privileged: true }],
    ['__proto__', { Privileged: true }],
  ])('with %s', (field, value) => {
    const body = JSON.stringify(CONTAINER).replace('{', `{${JSON.stringify(field)}:${JSON.stringify(value)},`);
    expect(() => containerToCreate(body)).toThrow(field);
  });

  test.each([
    ['that is not marked as made by a controller', { Labels: { app: 'chat' } }, 'wscluster.io/managed=true'],
    ['on a port of the host of its choice', portOf('22'), 'HostPort'],
    ['that Docker would start again and again', withHost({ RestartPolicy: { Name: 'always' } }), 'RestartPolicy'],
    ['without an image', { Image: '' }, 'Image'],
  ])('%s', (_, change, message) => {
    expect(() => containerToCreate(JSON.stringify({ ...CONTAINER, ...change }))).toThrow(message);
  });

  test.each(['', 'null', '[]', '"text"', '{', '{}'])('whose body is %j', (body) => {
    expect(() => containerToCreate(body)).toThrow('a container');
  });
});

function withHost(change: object) {
  return { HostConfig: { ...HOST_CONFIG, ...change } };
}

function portOf(HostPort: string) {
  return withHost({ PortBindings: { '8080/tcp': [{ HostIp: '', HostPort }] } });
}
