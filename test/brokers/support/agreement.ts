import { http } from '../../e2e/support/http.ts';
import type { System } from '../../e2e/support/system.ts';
import { until } from '../../e2e/support/wait.ts';

interface GatewayView {
  readonly id: string;
  readonly applied: { readonly epoch: number; readonly version: number };
  readonly inSync: boolean;
}

/** Instances that Nacos names for a service: `host:port`, sorted. Asked as Spring Cloud does. */
export async function nacosInstances(server: string, service: string): Promise<string[]> {
  const query = `serviceName=${service}&groupName=DEFAULT_GROUP&healthyOnly=false`;
  const answer = await http('GET', `http://${server}/nacos/v1/ns/instance/list?${query}`);
  if (answer.status !== 200) throw new Error(`Nacos answers ${answer.status}: ${answer.text}`);
  const { hosts } = JSON.parse(answer.text) as { hosts: { ip: string; port: number }[] };
  return hosts.map(({ ip, port }) => `${ip}:${port}`).sort();
}

/**
 * Waits until everything says the same: every gateway that runs has the ring's revision, and Nacos names the members.
 * Fails after `deadlineMs` with what differs.
 */
export async function agreed(system: System, nacos: string | undefined, deadlineMs = 60_000): Promise<void> {
  let differs = 'nothing was looked at';
  const look = async () => {
    const ring = await system.ring();
    const { gateways } = JSON.parse((await system.api('GET', '/gateways')).text) as { gateways: GatewayView[] };
    const live = system.gateways.filter(({ process }) => !process.ended).length;
    const behind = gateways.filter(({ inSync }) => !inSync).map(({ id }) => id);
    if (gateways.length !== live || behind.length > 0)
      return `${gateways.length} of ${live} gateways report, behind: ${behind.join(', ') || 'none'}`;
    if (nacos === undefined) return '';
    const members = ring.members.map(({ address }) => address).sort();
    const registered = await nacosInstances(nacos, system.name);
    return String(members) === String(registered) ? '' : `ring ${members.join(' ')}, Nacos ${registered.join(' ')}`;
  };
  try {
    await until(
      'the ring, the gateways and Nacos agree',
      async () => {
        differs = await look().catch((error: Error) => error.message);
        return differs === '';
      },
      deadlineMs,
      50,
    );
  } catch (error) {
    throw new Error(`${(error as Error).message}: ${differs}`);
  }
}
