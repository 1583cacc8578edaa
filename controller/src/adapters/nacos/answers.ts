import { WsClusterError } from '@wscluster/ring';
import type { Answer } from './http.ts';

/** The server does not have the API that was called: another generation may be there. */
export class ApiMissing extends WsClusterError {
  constructor(answer: Answer, generation: string) {
    super(
      'REGISTRY_UNAVAILABLE',
      `${answer.server} does not have the ${generation} API of Nacos (HTTP ${answer.status}): ` +
        "check servers and context path; set api to 'auto', or to 'v3' for Nacos 3",
    );
  }
}

/** An answer that no API of Nacos gave: none has the path, or it was taken away. */
export function isMissing({ status, text }: Answer): boolean {
  if (status === 410 || status === 501) return true;
  // Nacos says 404 in its own words when a service or an instance is missing; the server around it says it otherwise.
  return status === 404 && (/^\s*(<|$)/.test(text) || /^\s*\{"timestamp"/.test(text));
}

/** A service that holds ephemeral instances takes no persistent ones; Nacos says so in words only. */
const EPHEMERAL = /is ephemeral service, can't register persistent instance/;

/** The error that an answer other than 200 means. `doing`: "list the instances". */
export function refusal(answer: Answer, generation: string, doing: string, service: string): WsClusterError {
  const { status, text, server } = answer;
  if (isMissing(answer)) return new ApiMissing(answer, generation);
  if (EPHEMERAL.test(text)) return holdsEphemeral(service);
  if (status === 401 || status === 403)
    return new WsClusterError(
      'REGISTRY_UNAVAILABLE',
      `Nacos at ${server} refuses to ${doing} (HTTP ${status}): check the credentials of the registry and ` +
        'their permissions in its namespace',
    );
  return new WsClusterError(
    'REGISTRY_UNAVAILABLE',
    `Nacos at ${server} failed to ${doing} (HTTP ${status}: ${brief(text)}): see its log`,
  );
}

export function holdsEphemeral(service: string): WsClusterError {
  return new WsClusterError(
    'REGISTRY_UNAVAILABLE',
    `the service ${service} in Nacos has ephemeral instances, and Nacos does not mix them with persistent ones: ` +
      'name another service, or stop what registers there and wait until the service is gone',
  );
}

export function notNacos(answer: Answer): WsClusterError {
  return new WsClusterError(
    'REGISTRY_UNAVAILABLE',
    `the server at ${answer.server} is not Nacos (HTTP ${answer.status}: ${brief(answer.text)}): check the servers ` +
      'and the context path of the registry',
  );
}

/** Parses JSON that must be an object. */
export function parseObject(answer: Answer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(answer.text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw notNacos(answer);
}

function brief(text: string): string {
  const words = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return words.length > 200 ? `${words.slice(0, 200)}...` : words || 'no text';
}
