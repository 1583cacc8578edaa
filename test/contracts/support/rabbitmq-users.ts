import type { RabbitmqServer } from '@wscluster/testbed';

type Broker = Pick<RabbitmqServer, 'eval'>;

/** What of RabbitMQ the tests' processes may use. */
const RESOURCES = '^(wscluster[.].*|amq[.]gen.*)$';
const USERS = 'rabbit_auth_backend_internal';

/** A user who may do what wscluster needs. */
export async function addUser(broker: Broker, user: string, password: string): Promise<void> {
  await broker.eval(`${USERS}:add_user(${binary(user)}, ${binary(password)}, <<"test">>)`);
  const permissions = [RESOURCES, '.*', '.*'].map(binary).join(', ');
  await broker.eval(`${USERS}:set_permissions(${binary(user)}, <<"/">>, ${permissions}, <<"test">>)`);
}

/** The broker closes the connections of the user, as after `rabbitmqctl delete_user`. */
export async function deleteUser(broker: Broker, user: string): Promise<void> {
  await broker.eval(`${USERS}:delete_user(${binary(user)}, <<"test">>)`);
}

export async function usersOf(broker: Broker): Promise<string[]> {
  return await namesIn(broker, `[U || [{user, U} | _] <- ${USERS}:list_users()]`);
}

/** The users of all connections that have logged in. */
export async function connectedUsers(broker: Broker): Promise<string[]> {
  return await namesIn(broker, '[U || [{user, U}] <- rabbit_networking:connection_info_all([user]), is_binary(U)]');
}

async function namesIn(broker: Broker, binaries: string): Promise<string[]> {
  const printed = await broker.eval(`[binary_to_list(B) || B <- ${binaries}]`);
  return [...printed.matchAll(/"([^"]*)"/g)].map(([, name = '']) => name).sort();
}

function binary(text: string): string {
  return `<<"${text.replaceAll(/["\\]/g, '\\$&')}">>`;
}
