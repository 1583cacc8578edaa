import type { InitOptions, Program } from './options.ts';

/** The text of a commented cluster file. `name` is that of the cluster. Pure. */
export function clusterFile(name: string, { program, path }: Pick<InitOptions, 'program' | 'path'>): string {
  return `# A wscluster cluster: nodes that run your server, and which requests go to which of them.
# docs/cluster.md lists all fields, docs/any-application.md says how servers become nodes, and docs/routing.md explains
# the routes.
apiVersion: wscluster.io/v1alpha1
kind: WsCluster
metadata:
  name: ${name}
spec:
  nodes:
    replicas: 3                   # servers to run
${indented(4, nodesOf(program))}
    drainSeconds: 30              # how long a server that leaves may take to hand over its clients
    # By default a server is ready once it answers HTTP or accepts connections. To ask for more:
    # readiness: { http: /health }
  routing:
    routes:
${indented(6, routesOf(path))}
  rebalance:
    maxConnectionsPerSecond: 500  # how fast clients move when servers come and go
`;
}

/** A cluster's name out of any text: lower-case letters, digits and dashes. */
export function clusterName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'app' : name;
}

function nodesOf(program: Program): string {
  if ('image' in program)
    return `# Each server is a container of this image, which listens on this port.
image: ${quoted(program.image)}
port: ${program.port}
addressFrom: publishedPort        # gateways on this machine reach it by the port that Docker publishes
# env: { LOG_LEVEL: info }`;
  return `# Each server runs this in the folder of this file, on a port of its own: in PORT, and in place of {port} here.
command: [${program.command.map(quoted).join(', ')}]
# env: { LOG_LEVEL: info, LISTEN: "127.0.0.1:{port}" }
# workingDirectory: .             # another folder to run in`;
}

function routesOf(path: string | undefined): string {
  if (path === undefined)
    return `# All requests with one key reach the same server. As long as nothing else is set, each client gets a cookie as its key, and
# so stays with one server. If clients belong together, let the key say so, with a route above this one:
# - { path: "/rooms/{room}", key: { param: room } }     # all clients of a room
# - { path: /chat, key: { query: userId } }             # all connections of a user
- { prefix: /, key: { cookie: wscluster, generate: {} } }`;
  const [, placeholder = ''] = /\{([^{}]+)\}/.exec(path) ?? [];
  return `# All requests with one key reach the same server.
- { path: ${quoted(path)}, key: { param: ${placeholder.replace(/\.\.\.$/, '')} } }
# All others, such as pages and log-ins, reach any server.
- { prefix: /, key: { none: true } }`;
}

/** As YAML takes it, in a flow too. */
function quoted(text: string): string {
  return /^[A-Za-z0-9_./-]+$/.test(text) && !isRead(text) ? text : JSON.stringify(text);
}

/** Plain, YAML would read something else than a text. */
function isRead(text: string): boolean {
  return /^([-+.\d].*|true|false|null|yes|no|on|off|y|n|-)$/i.test(text);
}

function indented(spaces: number, text: string): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(spaces));
}
