import { setTimeout as delay } from 'node:timers/promises';
import { compareRevisions, formatRevision, type Revision } from '@wscluster/ring';
import { http } from '../../e2e/support/http.ts';
import type { System } from '../../e2e/support/system.ts';

const EVERY_MS = 200;

/** Reads the revision at each controller's API all the time. `stop` returns where one fell. */
export function watchRevisions(system: System): { stop(): Promise<string[]> } {
  const falls: string[] = [];
  let stopped = false;
  const looking = system.controllers.map(async (controller, index) => {
    let last: Revision = { epoch: 0, version: 0 };
    while (!stopped) {
      const url = `http://127.0.0.1:${controller.apiPort}/api/v1/clusters/${system.name}/ring`;
      const answer = await http('GET', url).catch(() => undefined);
      // What was last known says itself that it may be older.
      if (answer?.status === 200 && answer.headers['x-wscluster-known-at'] === undefined) {
        const { revision } = JSON.parse(answer.text) as { revision: Revision };
        if (compareRevisions(revision, last) < 0)
          falls.push(`controller ${index} went back from ${formatRevision(last)} to ${formatRevision(revision)}`);
        last = revision;
      }
      await delay(EVERY_MS);
    }
  });
  return {
    async stop() {
      stopped = true;
      await Promise.all(looking);
      return falls;
    },
  };
}
