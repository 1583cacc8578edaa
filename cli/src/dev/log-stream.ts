import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { prettyFactory } from 'pino-pretty';

/** Turns the JSON lines of all processes into one stream for a person: time, level, who, what, and what to do. */
const pretty = prettyFactory({
  colorize: process.stdout.isTTY,
  translateTime: 'SYS:HH:MM:ss.l',
  singleLine: true,
  ignore: 'pid,hostname,service,id,event,cluster',
  messageFormat: (line, key) => `${String(line.id ?? line.service)}: ${String(line[key])}`,
});

/** Prints what comes in; lines that are no log lines (of a user's own backend) go through as they are. */
export function printLog(source: Readable): void {
  createInterface({ input: source }).on('line', (line) => {
    process.stdout.write(line.startsWith('{') ? (pretty(line) ?? `${line}\n`) : `${line}\n`);
  });
}
