import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { prettyFactory } from 'pino-pretty';

/** Turns the JSON lines of all processes into one stream for people: time, level, process, message, action. */
const pretty = prettyFactory({
  colorize: process.stdout.isTTY,
  translateTime: 'SYS:HH:MM:ss.l',
  hideObject: true,
  messageFormat: (line, key) => {
    const who = line.node ?? line.gateway ?? line.service;
    const action = line.action === undefined ? '' : ` [${String(line.action)}]`;
    // The controller logs about nodes too: then its own name comes first, unless it only passes on what a node wrote.
    const byController = line.service === 'controller' && line.event !== 'node-output';
    return `${String(byController ? line.service : who)}: ${String(line[key])}${action}`;
  },
  ignore: 'pid,hostname',
});

/** Prints one line; other lines (of a user's own backend) are printed unchanged. */
export function printLine(line: string): void {
  process.stdout.write(isOurs(line) ? (pretty(line) ?? `${line}\n`) : `${line}\n`);
}

/** Prints its input line by line. */
export function printLog(source: Readable): void {
  createInterface({ input: source }).on('line', printLine);
}

function isOurs(line: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    const parsed = JSON.parse(line) as Record<string, unknown>;
    return typeof parsed.service === 'string' && typeof parsed.msg === 'string';
  } catch {
    return false;
  }
}
