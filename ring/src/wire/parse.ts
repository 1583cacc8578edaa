import { z } from 'zod';
import { messageOf, WsClusterError } from '../errors.ts';
import {
  type Broadcast,
  broadcastSchema,
  type RingMessage,
  ringMessageSchema,
  type Uplink,
  uplinkSchema,
  WIRE_MAJOR,
} from './messages.ts';
import { plainChange } from './plain-change.ts';
import { settingsDigest } from './settings.ts';

// All three ignore unknown fields, so that versions can mix during an upgrade. They throw MESSAGE_INVALID with the path
// of the invalid field (`members.3.weight`) in `field` and in the message; text that is not JSON has no field.

/** Reads what a controller sends. */
export function parseBroadcast(text: string): Broadcast {
  const json = parseJson(text);
  return plainChange(json) ?? read(json, broadcastSchema);
}

/** Reads what a follower sends. */
export function parseUplink(text: string): Uplink {
  return read(parseJson(text), uplinkSchema);
}

/** Reads a stored ring. */
export function parseRingMessage(text: string): RingMessage {
  return read(parseJson(text), ringMessageSchema);
}

const wireMajorSchema = z.object({ wire: z.number() });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WsClusterError('MESSAGE_INVALID', `the message is not JSON: ${messageOf(cause)}`, { cause });
  }
}

function read<T>(json: unknown, schema: z.ZodType<T>): T {
  // First, because the fields of another major version cannot be judged.
  const { wire } = validate(json, wireMajorSchema);
  if (wire !== WIRE_MAJOR)
    throw invalid(
      'wire',
      `the sender uses wire format ${wire}, this process ${WIRE_MAJOR}; run the same version of both`,
    );
  const message = validate(json, schema);
  checkSettingsDigest(json);
  return message;
}

function validate<T>(json: unknown, schema: z.ZodType<T>): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalid(issue?.path.join('.') ?? '', issue?.message ?? 'is not valid', result.error);
}

/**
 * The digest covers the settings as they were sent; validated settings lack the fields that only a newer sender knows.
 */
function checkSettingsDigest(json: unknown): void {
  // It has passed the schema, so it is an object; not all messages have settings.
  const { settings, settingsDigest: said } = json as { settings?: unknown; settingsDigest?: unknown };
  if (settings === undefined) return;
  const actual = settingsDigest(settings);
  if (actual !== said) throw invalid('settingsDigest', `the settings have digest ${actual}, the message says ${said}`);
}

function invalid(field: string, what: string, cause?: unknown): WsClusterError {
  if (field === '') return new WsClusterError('MESSAGE_INVALID', `the message: ${what}`, { cause });
  return new WsClusterError('MESSAGE_INVALID', `${field}: ${what}`, { field, cause });
}
