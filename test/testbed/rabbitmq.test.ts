import { existsSync } from 'node:fs';
import { type RabbitmqServer, rabbitmqServer } from '@wscluster/testbed';
import { type ChannelModel, connect } from 'amqplib';
import { afterEach, expect, test } from 'vitest';
import { processesNaming } from '../e2e/support/processes.ts';

const servers: RabbitmqServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.dispose()));
});

async function broker(...args: Parameters<typeof rabbitmqServer>): Promise<RabbitmqServer> {
  const server = await rabbitmqServer(...args);
  servers.push(server);
  return server;
}

async function connected(url: string): Promise<ChannelModel> {
  const connection = await connect(url);
  connection.on('error', () => {}); // an outage is meant
  return connection;
}

test('a killed broker drops its clients, and starts again at the same address without their queues', async () => {
  const rabbitmq = await broker();
  const { url, pid = 0 } = rabbitmq;
  const connection = await connected(url);
  const channel = await connection.createChannel();
  await channel.assertQueue('passing', { durable: false });
  const dropped = new Promise<void>((resolve) => connection.once('close', () => resolve()));
  await rabbitmq.kill();
  await dropped;
  expect(existsSync(`/proc/${pid}`)).toBe(false);
  await expect(connect(url)).rejects.toThrow(/ECONNREFUSED/);
  await rabbitmq.start();
  expect(rabbitmq.url).toBe(url);
  expect(await rabbitmq.ctl('list_queues', '--quiet', 'name')).not.toContain('passing');
});

test('two brokers run at once, each with its own users, and rabbitmqctl reaches the right one', async () => {
  const [first, second] = await Promise.all([broker(), broker({ user: 'chat', password: 'p@ss/word' })]);
  const connection = await connected(second.url);
  const dropped = new Promise<void>((resolve) => connection.once('close', () => resolve()));
  expect(await first.ctl('close_all_connections', 'a test')).toContain('Closed 0 connections');
  expect(await second.ctl('close_all_connections', 'a test')).toContain('Closed 1 connections');
  await dropped;
});

test('eval gives what rabbitmqctl eval gives, and rejects with the error of the broker', async () => {
  const rabbitmq = await broker();
  const expression = 'lists:seq(1001, 1003)';
  expect((await rabbitmq.eval(expression)).replaceAll(' ', '')).toBe(
    (await rabbitmq.ctl('eval', `${expression}.`)).trim(),
  );
  await expect(rabbitmq.eval('nowhere:nothing()')).rejects.toThrow('undef');
});

test('a disposed broker leaves no process and no folder', async () => {
  const rabbitmq = await broker();
  const folder = (await rabbitmq.eval('os:getenv("HOME")')).replaceAll('"', '');
  expect(processesNaming(folder)).not.toEqual([]);
  await rabbitmq.dispose();
  expect(existsSync(folder)).toBe(false);
  expect(processesNaming(folder)).toEqual([]);
});
