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
import { settingsDigest } from './settings.ts';

// All three ignore unknown fields, so that versions can mix in an upgrade, and throw MESSAGE_INVALID with the path of
// the bad field (`members.3.weight`) in `field` and in the message. What is not JSON has no field.

/** Reads what a controller sends. */
export function parseBroadcast(text: string): Broadcast {
  return parse(text, broadcastSchema);
}

/** Reads what a follower sends. */
export function parseUplink(text: string): Uplink {
  return parse(text, uplinkSchema);
}

/** Reads a stored ring. */
export function parseRingMessage(text: string): RingMessage {
  return parse(text, ringMessageSchema);
}

const wireMajorSchema = z.object({ wire: z.number() });
const digestedSettingsSchema = z.object({ settings: z.unknown(), settingsDigest: z.string() });

function parse<T>(text: string, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new WsClusterError('MESSAGE_INVALID', `the message is not JSON: ${messageOf(cause)}`, { cause });
  }
  // First, since nothing else that another major says can be judged.
  const { wire } = validate(json, wireMajorSchema);
  if (wire !== WIRE_MAJOR)
    throw invalid('wire', `the sender speaks wire format ${wire}, this process ${WIRE_MAJOR}; run them at one version`);
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

/** Over the settings as they were sent: the validated ones lack the fields that only a newer sender knows. */
function checkSettingsDigest(json: unknown): void {
  const digested = digestedSettingsSchema.safeParse(json);
  if (!digested.success || digested.data.settings === undefined) return;
  const actual = settingsDigest(digested.data.settings);
  if (actual !== digested.data.settingsDigest)
    throw invalid(
      'settingsDigest',
      `the settings have digest ${actual}, the message says ${digested.data.settingsDigest}`,
    );
}

function invalid(field: string, what: string, cause?: unknown): WsClusterError {
  if (field === '') return new WsClusterError('MESSAGE_INVALID', `the message: ${what}`, { cause });
  return new WsClusterError('MESSAGE_INVALID', `${field}: ${what}`, { field, cause });
}
