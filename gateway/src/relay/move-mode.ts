import { DEFAULT_MOVE_SETTINGS, type MoveSettings, type Route } from '@wscluster/ring';
import type { RequestHead } from '../http/request-head.ts';

type Mode = MoveSettings['mode'];

const HEADER = 'wscluster-mode';
const IN_QUERY = /[?&]wscluster-mode=(reconnect|migrate)(?:&|$)/;

/** How a connection moves to a new owner: what its request asks for, else its route, else the cluster. */
export function moveMode(
  { headers, url = '' }: Pick<RequestHead, 'headers' | 'url'>,
  route: Route,
  moves: MoveSettings = DEFAULT_MOVE_SETTINGS,
): Mode {
  const asked = headers[HEADER] ?? IN_QUERY.exec(url)?.[1];
  return asked === 'reconnect' || asked === 'migrate' ? asked : (route.mode ?? moves.mode);
}
