import { expect, test } from 'vitest';
import { isManaged, shownInspection, shownList } from './shown-containers.ts';

const INSPECTED = {
  Id: 'ab12',
  Name: '/chat-1',
  Created: '2026-01-01T00:00:00Z',
  Args: ['--password', 'secret'],
  State: { Status: 'running', Running: true, Pid: 17, Health: { Status: 'healthy', Log: [{ Output: 'secret' }] } },
  Config: {
    Image: 'chat',
    Labels: { 'wscluster.io/managed': 'true' },
    Env: ['PASSWORD=secret'],
    Cmd: ['--password', 'secret'],
    Healthcheck: { Test: ['CMD', 'ping', 'secret'] },
  },
  HostConfig: { NetworkMode: 'wscluster', Binds: ['/secret:/secret'] },
  NetworkSettings: { Networks: { wscluster: { IPAddress: '10.0.0.2' } }, Ports: { '8080/tcp': null } },
  Mounts: [{ Source: '/secret' }],
};

test('what a controller reads of a list is left, and nothing that may hold a secret', () => {
  const row = {
    Id: 'ab12',
    Names: ['/chat-1'],
    Labels: { app: 'chat' },
    State: 'running',
    Status: 'Up 3 seconds (healthy)',
    NetworkSettings: { Networks: { wscluster: { IPAddress: '10.0.0.2' } } },
    Ports: [{ PrivatePort: 8080, Type: 'tcp' }],
  };
  const answer = [{ ...row, Image: 'chat', Command: 'server --password secret', Mounts: [{ Source: '/secret' }] }];
  expect(shownList(answer)).toEqual([row]);
});

test('what a controller reads of a container is left, and nothing that may hold a secret', () => {
  const part = shownInspection(INSPECTED);
  expect(part).toMatchObject({
    Id: 'ab12',
    Name: '/chat-1',
    State: { Status: 'running', Running: true, Health: { Status: 'healthy' } },
    Config: { Image: 'chat', Labels: { 'wscluster.io/managed': 'true' } },
    HostConfig: { NetworkMode: 'wscluster' },
    NetworkSettings: INSPECTED.NetworkSettings,
  });
  expect(JSON.stringify(part)).not.toContain('secret');
});

test('only a container with the label is a controller’s own', () => {
  const labelled = (Labels: unknown) =>
    isManaged(shownInspection({ ...INSPECTED, Config: { ...INSPECTED.Config, Labels } }));
  expect(labelled({ 'wscluster.io/managed': 'true' })).toBe(true);
  for (const labels of [{ 'wscluster.io/managed': 'false' }, { app: 'chat' }, null, undefined])
    expect(labelled(labels)).toBe(false);
});
