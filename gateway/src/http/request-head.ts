import type { IncomingMessage } from 'node:http';

/** What is looked at of a request's head; Node's IncomingMessage has it. */
export type RequestHead = Pick<
  IncomingMessage,
  'method' | 'url' | 'httpVersionMinor' | 'rawHeaders' | 'headers' | 'socket'
>;
