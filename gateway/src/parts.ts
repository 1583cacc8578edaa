import { DEFAULT_MOVE_SETTINGS } from '@wscluster/ring';
import { DEFAULT_UPDATE_TIMING, RingUpdates } from '@wscluster/transport';
import { HandshakeRate } from './admission/handshake-rate.ts';
import { HeldBytes } from './admission/held-bytes.ts';
import { RequestRoom } from './admission/request-room.ts';
import { sendBack } from './admission/send-back.ts';
import { SurplusClients } from './admission/surplus.ts';
import { Sweeper } from './admission/sweeper.ts';
import { createDataPlane, type DataPlane } from './data-plane.ts';
import type { GatewayOptions } from './gateway-options.ts';
import { LateAnswers } from './http/late-answers.ts';
import { createOwnerClient } from './http/owner-client.ts';
import { CurrentLimits } from './limits.ts';
import { type Counts, newCounts } from './metrics.ts';
import type { LiveConnection } from './move/live-connection.ts';
import { LostNodes } from './move/lost-nodes.ts';
import { Mover } from './move/mover.ts';
import { Tracker } from './move/tracker.ts';
import { tooMany } from './relay/close-frame.ts';
import { createRequestRecorder, type RequestRecorder } from './request-recorder.ts';
import { CurrentTable } from './table/current-table.ts';
import { demoted } from './workers/demoted.ts';

/** What a gateway works with before it is connected to anything. */
export interface Parts {
  readonly limits: CurrentLimits;
  readonly current: CurrentTable;
  readonly tracker: Tracker<LiveConnection>;
  readonly mover: Mover<LiveConnection>;
  readonly updates: RingUpdates;
  readonly room: RequestRoom;
  readonly counts: Counts;
  readonly recorder: RequestRecorder;
  readonly plane: DataPlane;
  /** Ends the timers, and the connections to nodes that are kept for reuse. */
  stop(): void;
}

export function createParts({ cluster, store, log, ...options }: GatewayOptions): Parts {
  const limits = new CurrentLimits(options.limits ?? {}, options.worker?.of);
  const current = new CurrentTable();
  const tracker = new Tracker<LiveConnection>();
  const held = new HeldBytes();
  const mover = new Mover(current, tracker);
  const lateAnswers = new LateAnswers();
  const lostNodes = new LostNodes({
    lostMs: () => (current.table?.settings.moves ?? DEFAULT_MOVE_SETTINGS).lostSeconds * 1000,
    maxPerSecond: () => mover.release?.maxPerSecond ?? 0,
  });
  const timing = { ...DEFAULT_UPDATE_TIMING, ...options.timing };
  // All workers hear the same, and one of them says so.
  const updatesLog = (options.worker?.number ?? 1) === 1 ? log : demoted(log);
  const counts = newCounts();
  const recorder = createRequestRecorder(counts, log);
  const { onBug } = recorder;
  const updates = new RingUpdates({ cluster, store, holder: current, log: updatesLog, timing, onBug });
  const room = new RequestRoom();
  const owners = createOwnerClient(() => limits.value);
  const plane = createDataPlane({
    current,
    tracker,
    lostNodes,
    lateAnswers,
    get limits() {
      return limits.value;
    },
    handshakes: new HandshakeRate(),
    held,
    owners,
    room,
    traffic: counts.traffic,
    release: () => mover.release,
    refresh: () => updates.refresh(),
    reconsider: () => mover.reconsider(),
    ...recorder,
  });
  const closeCode = () => (current.table?.settings.moves ?? DEFAULT_MOVE_SETTINGS).closeCode;
  const sweeper = new Sweeper(tracker, held, () => limits.value, closeCode, recorder.onLimit);
  const surplus = new SurplusClients({
    gateway: options.id,
    all: () => tracker.all(),
    sendBack(entry) {
      if (sendBack(entry, tooMany(closeCode()))) recorder.onLimit('rebalance', entry.nodeId);
    },
  });

  current.onTable(({ settings }) => {
    limits.follow(settings.limits);
    plane.applyLimits();
  });
  updates.subscribe({
    onRelease: (release) => {
      mover.update(release);
      lateAnswers.update(current.table, release);
    },
    onHeartbeat: (heartbeat) => surplus.onHeartbeat(heartbeat),
  });

  const stop = () => {
    updates.stop();
    sweeper.stop();
    surplus.stop();
    mover.stop();
    lostNodes.stop();
    owners.close();
  };
  return { limits, current, tracker, mover, updates, room, counts, recorder, plane, stop };
}
