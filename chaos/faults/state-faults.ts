import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { compareRevisions, messageOf, type Revision } from '@wscluster/ring';
import type { System } from '../../test/e2e/support/system.ts';
import { until } from '../../test/e2e/support/wait.ts';
import { pick } from '../random.ts';
import type { FaultKind, Injection } from './fault-kind.ts';

/** No measure of speed: a disk may be full meanwhile, and a machine busy. */
const PATIENCE_MS = 60_000;

/** What a file of the state folder holds, as far as its order goes; undefined if it is missing or cannot be read. */
type Version = Revision | undefined;

/** A file in which an embedded system keeps what a controller has to find again. */
class StateFile {
  readonly name: string;
  readonly #versionIn: (document: never) => Revision;

  constructor(name: string, versionIn: (document: never) => Revision) {
    this.name = name;
    this.#versionIn = versionIn;
  }

  path({ directory, name }: System): string {
    return join(directory, 'state', name, this.name);
  }

  version(path: string): Version {
    try {
      return this.#versionIn(JSON.parse(readFileSync(path, 'utf8')) as never);
    } catch {
      return undefined;
    }
  }
}

const RING = new StateFile('ring.json', ({ revision }: { revision: Revision }) => revision);
/** Its generation, as a version. */
const SPEC = new StateFile('spec.json', ({ generation }: { generation: number }) => ({
  epoch: 0,
  version: generation,
}));

/** What happens to a file at `path`; `copy` is an older one. */
const DAMAGES: Readonly<Record<string, (path: string, copy: string) => void>> = {
  removed: (path) => rmSync(path, { force: true }),
  emptied: (path) => truncateSync(path),
  cut: (path) => truncateSync(path, readFileSync(path).length >> 1),
  'restored from an older copy': (path, copy) => existsSync(copy) && copyFileSync(copy, path),
};

/** Damages the file, and keeps it as it was for the next time. */
function damage(path: string, how: string): void {
  const [copy, next] = [`${path}.copy`, `${path}.next-copy`];
  copyFileSync(path, next);
  DAMAGES[how]?.(path, copy);
  copyFileSync(next, copy);
  rmSync(next);
}

function choose({ system, dice }: Injection): { file: StateFile; path: string; how: string } {
  const file = pick([RING, SPEC], dice);
  return { file, path: file.path(system), how: pick(Object.keys(DAMAGES), (dice * 7) % 1) };
}

/** A controller that runs knows better than its files, and makes them good. */
const whileItRuns: FaultKind = {
  name: 'state folder damaged',
  scope: 'controller',
  async inject(injection) {
    const { system, begin, breaks } = injection;
    const { file, path, how } = choose(injection);
    const before = file.version(path);
    if (before === undefined || system.controller.ended) return;
    begin(`${file.name} ${how}`);
    damage(path, how);
    const isGood = () => {
      const now = file.version(path);
      return now !== undefined && compareRevisions(now, before) >= 0;
    };
    await until(`${file.name} is good again`, isGood, PATIENCE_MS).catch((error: unknown) => breaks(messageOf(error)));
  },
};

/**
 * A controller that starts gets the ring from the gateways, and reads the spec as it is; one that it cannot read is
 * refused in a line that says what to do, which is then done.
 */
const whileItIsStopped: FaultKind = {
  name: 'state folder damaged without a controller',
  scope: 'controller',
  async inject(injection) {
    const { system, recorder, begin, lasts, ends, breaks } = injection;
    const { file, path, how } = choose(injection);
    begin(`${file.name} ${how}`);
    ends(system.controller);
    await system.controller.end('SIGKILL');
    if (existsSync(path)) damage(path, how);
    await lasts();
    if (file === SPEC) recorder.sawLeft(SPEC.version(path)?.version ?? 0);
    system.startController();
    const { controller } = system;
    const isDecided = () => controller.ended || controller.has('leading');
    await until('the controller has read its state', isDecided, PATIENCE_MS).catch((error: unknown) =>
      breaks(messageOf(error)),
    );
    if (!controller.ended) return;
    ends(controller);
    const said = controller.lines.filter(({ level }) => level === 'fatal').map(({ msg = '' }) => msg);
    if (said.length !== 1 || !said[0]?.includes(`${path}: `) || !/delete it to start/.test(said[0]))
      breaks(`${path} was ${how}, and the controller ended without a line that says what to do: ${controller.story}`);
    rmSync(path, { force: true });
    system.startController();
  },
};

/** Faults of the folder in which an embedded system keeps its ring and its spec, with one controller. */
export const STATE_FAULTS: readonly FaultKind[] = [whileItRuns, whileItIsStopped];
