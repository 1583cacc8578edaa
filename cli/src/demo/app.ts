import { setTimeout as delay } from 'node:timers/promises';
import { counted, messageOf, WsClusterError } from '@wscluster/ring';
import { Api } from '../api/api.ts';
import { readAnswer } from '../api/read-answer.ts';
import { Crowd } from './crowd.ts';
import { readKeys } from './keys.ts';
import { LOST_MS } from './ledger.ts';
import { type DemoOptions, gatewayUrl } from './options.ts';
import { OwnSystem } from './own-system.ts';
import { drawnScreen, plainScreen, type Screen } from './screen.ts';
import { Show } from './show.ts';
import { Watch } from './watch.ts';

const DRAW_MS = 100;
const NOT_THE_SAMPLE =
  'the nodes do not greet as the sample backend does: clients send nothing, each reconnect counts as a move, and owners are not checked';

/** What the demo shows, and where. */
interface Stage {
  readonly api: Api;
  readonly watch: Watch;
  readonly gateways: readonly string[];
  readonly system: OwnSystem | undefined;
}

/**
 * The whole demo: cluster, clients, changes, summary. Resolves with whether all was well: every client could connect,
 * no message lost, no client at a wrong owner, no failed change. Throws if the cluster does not come up or does not
 * answer.
 */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const end = new AbortController();
  const quit = () => end.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, quit);
  const useKeys = options.script === undefined && process.stdin.isTTY && process.stdout.isTTY;
  const screen = process.stdout.isTTY ? drawnScreen(process.stdout, useKeys) : plainScreen(process.stdout);
  let stage: Stage | undefined;
  let good = false;
  try {
    stage = await setUp(options, screen, end.signal);
    good = await perform(options, stage, screen, useKeys, end);
  } catch (error) {
    if (!end.signal.aborted) throw error;
    good = stage === undefined; // asked to stop before there was anything to judge
  } finally {
    await stage?.system?.stop(!good);
    screen.close();
  }
  if (!good && stage?.system !== undefined)
    process.stdout.write(`the log of the cluster is kept: ${stage.system.logFile}\n`);
  return good;
}

async function setUp({ running }: DemoOptions, screen: Screen, signal: AbortSignal): Promise<Stage> {
  if (running !== undefined) {
    const api = new Api(running.api);
    const watch = new Watch(api, running.api.cluster);
    await watch.lookOnce();
    const named = async () => readAnswer('Gateways', await api.ask('GET', '/gateways')).gateways;
    const gateways =
      running.gateways.length > 0 ? running.gateways : (await named()).map(({ address }) => gatewayUrl(address));
    if (gateways.length === 0)
      throw new WsClusterError('NO_RING', 'the cluster has no gateways; name them with --gateways');
    return { api, watch, gateways, system: undefined };
  }
  let watch: Watch | undefined;
  const isReady = async (system: OwnSystem) => {
    watch ??= new Watch(apiOf(system), undefined);
    const look = await watch.lookOnce().catch(() => undefined);
    return look?.settled === true && look.gateways === system.gateways.length;
  };
  const onStart = ({ logFile }: OwnSystem) => screen.note(`starting a cluster; its log: ${logFile}`);
  const system = await OwnSystem.start(isReady, onStart, signal);
  return { api: apiOf(system), watch: watch ?? new Watch(apiOf(system), undefined), gateways: system.gateways, system };
}

async function perform(
  options: DemoOptions,
  { api, watch, gateways, system }: Stage,
  screen: Screen,
  useKeys: boolean,
  end: AbortController,
): Promise<boolean> {
  const { signal } = end;
  const crowd = new Crowd(system !== undefined);
  const show = new Show({ api, watch, crowd, screen, clients: options.clients, logFile: system?.logFile });
  const over = new AbortController();
  const drawing = setInterval(() => show.draw(), DRAW_MS);
  const looking = watch.run(() => {
    show.onLook();
    if (system?.ended === true && !signal.aborted) {
      show.fail();
      screen.note('the cluster has ended by itself; see its log');
      end.abort();
    }
  }, over.signal);
  const giveBack = useKeys
    ? readKeys(process.stdin, (key) => {
        if (key === 'quit') end.abort();
        else show.change(key).catch((error: unknown) => screen.note(messageOf(error)));
      })
    : () => {};
  let unable: string | undefined;
  const timer = options.seconds === undefined ? undefined : setTimeout(() => end.abort(), options.seconds * 1000);
  try {
    const urlsOf = (key: string) =>
      gateways.map((gateway) => gateway + options.path.replace('{key}', encodeURIComponent(key)));
    if (await crowd.connect(options.clients, urlsOf, signal)) {
      screen.note(
        `${counted(options.clients, 'client is', 'clients are')} connected, over ${counted(gateways.length, 'gateway')}`,
      );
      if (crowd.backend.kind === 'other') screen.note(NOT_THE_SAMPLE);
      crowd.talk();
      if (options.script === undefined) await ended(signal);
      else await play(options.script, show, signal);
    } else show.fail();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    giveBack();
    await crowd.quiet(LOST_MS + 1000);
    over.abort();
    await looking;
    clearInterval(drawing);
    show.draw();
    unable = crowd.unable;
    await crowd.stop();
  }
  if (unable !== undefined) {
    show.fail();
    process.stdout.write(`\n${unable}; --path (${options.path}) names the path that clients connect to\n`);
  }
  process.stdout.write(`\n${show.summary()}\n`);
  return show.good;
}

async function play(script: NonNullable<DemoOptions['script']>, show: Show, signal: AbortSignal): Promise<void> {
  for (const step of script) {
    if ('wait' in step) await delay(step.wait * 1000, undefined, { signal });
    else {
      await show.through(signal);
      if ((await show.change(step.change)) !== undefined) show.fail();
    }
  }
  await show.through(signal);
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function apiOf({ apiUrl }: OwnSystem): Api {
  return new Api({ url: apiUrl, token: undefined, cluster: undefined });
}
