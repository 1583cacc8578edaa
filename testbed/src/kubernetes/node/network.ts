import { needProgram } from '../../process/find-program.ts';
import { type RunOptions, run } from '../../process/run.ts';
import type { Command } from '../../process/server-process.ts';
import { SERVICES } from '../addresses.ts';
import { HOST_ADDRESS, NODE_ADDRESS, PODS } from './addresses.ts';
import type { Namespaces } from './namespaces.ts';

/** The machine's end of the link. */
const LINK = 'wsc-k8s';

/** Links the node to the machine, and routes pods and Services through it. All of it ends with the node. */
export async function connectNode(node: Namespaces): Promise<void> {
  await removeLink();
  const ip = needProgram('ip', 'iproute2');
  const runInside = (command: Command, options: RunOptions) => {
    const [program, ...args] = node.inside(command);
    return run(program, args, options);
  };
  await run(ip, ['-batch', '-'], {
    input: `link add ${LINK} type veth peer name eth0 netns ${node.pid()}
address add ${HOST_ADDRESS}/30 dev ${LINK}
link set ${LINK} up
route add ${PODS} via ${NODE_ADDRESS}
route add ${SERVICES} via ${NODE_ADDRESS}
`,
  });
  await runInside([ip, '-batch', '-'], {
    input: `link set lo up
address add ${NODE_ADDRESS}/30 dev eth0
link set eth0 up
route add default via ${HOST_ADDRESS}
`,
  });
  // Without a kube-proxy rule the machine would send packets back to the node, in a loop.
  const unknown = ['FORWARD', 'OUTPUT'].map((chain) => `-A ${chain} -d ${SERVICES} -o eth0 -j DROP\n`);
  await runInside([needProgram('iptables-restore', 'iptables'), '--noflush'], {
    input: `*filter\n${unknown.join('')}COMMIT\n`,
  });
}

/** The kernel removes it too, some time after the node. */
export async function removeLink(): Promise<void> {
  const ip = needProgram('ip', 'iproute2');
  const links = await run(ip, ['-brief', 'link', 'show', 'type', 'veth']);
  if (links.split('\n').some((line) => line.startsWith(`${LINK}@`))) await run(ip, ['link', 'delete', LINK]);
}
