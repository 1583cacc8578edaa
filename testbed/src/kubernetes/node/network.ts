import { needProgram } from '../../process/find-program.ts';
import { run } from '../../process/run.ts';
import { SERVICES } from '../addresses.ts';
import { HOST_ADDRESS, NODE_ADDRESS, PODS } from './addresses.ts';
import type { Namespaces } from './namespaces.ts';

/** The machine's end of the link. */
const LINK = 'wsc-k8s';

/** Links the node to the machine, and routes pods and Services over it. All of it ends with the node. */
export async function connectNode(node: Namespaces): Promise<void> {
  await removeLink();
  const ip = needProgram('ip', 'iproute2');
  await run(ip, ['-batch', '-'], {
    input: `link add ${LINK} type veth peer name eth0 netns ${node.pid()}
address add ${HOST_ADDRESS}/30 dev ${LINK}
link set ${LINK} up
route add ${PODS} via ${NODE_ADDRESS}
route add ${SERVICES} via ${NODE_ADDRESS}
`,
  });
  const [nsenter, ...args] = node.inside([ip, '-batch', '-']);
  await run(nsenter, args, {
    input: `link set lo up
address add ${NODE_ADDRESS}/30 dev eth0
link set eth0 up
route add default via ${HOST_ADDRESS}
`,
  });
}

/** The kernel removes it as well, some time after the node. */
export async function removeLink(): Promise<void> {
  const ip = needProgram('ip', 'iproute2');
  const links = await run(ip, ['-brief', 'link', 'show', 'type', 'veth']);
  if (links.split('\n').some((line) => line.startsWith(`${LINK}@`))) await run(ip, ['link', 'delete', LINK]);
}
