import { counted } from '@wscluster/ring';
import type { Finished } from './changes.ts';

/** Everything that the demo shows at one moment. */
export interface Scene {
  readonly clients: number;
  readonly connected: number;
  readonly moved: number;
  /** Moves that no client noticed. */
  readonly migrated: number;
  /** Nodes greet and echo; otherwise messages and owners are not known. */
  readonly checked: boolean;
  readonly echoed: number;
  readonly lost: number;
  readonly wrong: number;
  readonly gateways: number;
  readonly revision: string;
  /** What the cluster is doing, or that it is settled. */
  readonly cluster: string;
  readonly nodes: readonly { readonly id: string; readonly state: string; readonly clients: number }[];
  /** The present change; undefined: none. */
  readonly changing: string | undefined;
  readonly last: Finished | undefined;
  readonly logFile: string | undefined;
}

const BLOCK = '█';

/** The picture of a scene, one string per line, no wider than `columns`. Pure. */
export function frame(scene: Scene, notes: readonly string[], keys: boolean, columns: number): string[] {
  const width = Math.max(...scene.nodes.map(({ id }) => id.length), 4);
  const room = Math.max(10, columns - width - 28);
  const most = Math.max(1, ...scene.nodes.map(({ clients }) => clients));
  const lines = [
    `wscluster demo · ${counted(scene.gateways, 'gateway')} · ring ${scene.revision} · ${scene.cluster}`,
    ...(scene.logFile === undefined ? [] : [`log: ${scene.logFile}`]),
    '',
    ...scene.nodes.map(({ id, state, clients }) => {
      const bar = BLOCK.repeat(Math.round((clients / most) * room));
      return `  ${id.padEnd(width)}  ${state.padEnd(8)}  ${String(clients).padStart(6)}  ${bar}`;
    }),
    '',
    `  clients   ${scene.connected} of ${scene.clients} connected, ${counted(scene.moved, 'move')} so far${unnoticed(scene)}`,
    ...(scene.checked
      ? [
          `  messages  ${scene.echoed} echoed, ${scene.lost} lost`,
          scene.migrated > 0
            ? '  wrong     not checked: clients that migrate do not learn where they are'
            : `  wrong     ${counted(scene.wrong, 'client')} at a wrong owner`,
        ]
      : ['  messages  none: the nodes do not greet as the sample backend does']),
    `  change    ${changeLine(scene)}`,
    '',
    ...notes.map((note) => `  ${note}`),
    ...(keys ? ['', '  a add a node   d drain one   k kill one   q quit'] : []),
  ];
  return lines.map((line) => line.slice(0, columns));
}

/** The scene in one line, where nothing can be drawn. Pure. */
export function statusLine(scene: Scene): string {
  const nodes = scene.nodes.map(
    ({ id, state, clients }) => `${id}${state === 'ready' ? '' : ` (${state})`}: ${clients}`,
  );
  return (
    `${scene.connected}/${scene.clients} clients on ${nodes.join(', ')}; ${counted(scene.moved, 'move')}${unnoticed(scene)}; ` +
    `${scene.checked ? `${scene.lost} lost, ${scene.wrong} wrong; ` : ''}${scene.cluster}`
  );
}

export function describe({ what, moved, lastBackMs }: Finished): string {
  if (lastBackMs === undefined) return `${what}: nobody had to reconnect`;
  return `${what}: ${counted(moved, 'client')} moved, the last was back after ${(lastBackMs / 1000).toFixed(2)} s`;
}

export function unnoticed({ migrated }: Pick<Scene, 'migrated'>): string {
  return migrated === 0 ? '' : `, and ${migrated} that no client noticed`;
}

function changeLine({ changing, last }: Scene): string {
  if (changing !== undefined) return `${changing} ...`;
  return last === undefined ? 'none yet' : describe(last);
}
