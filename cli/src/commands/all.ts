import type { Command } from '../command.ts';
import { controller } from './controller.ts';
import { demo } from './demo.ts';
import { dev } from './dev.ts';
import { events } from './events.ts';
import { gateway } from './gateway.ts';
import { gateways } from './gateways.ts';
import { init } from './init.ts';
import { node } from './node.ts';
import { nodes } from './nodes.ts';
import { owner } from './owner.ts';
import { plan } from './plan.ts';
import { ring } from './ring.ts';
import { route } from './route.ts';

/** In the order of the help: first what starts something, then what reads, then what changes. */
export const commands: readonly Command[] = [
  init,
  dev,
  demo,
  controller,
  gateway,
  node,
  owner,
  route,
  ring,
  nodes,
  gateways,
  plan,
  events,
];
