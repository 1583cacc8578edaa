import { type ApiSchemas, answerStructures } from '@wscluster/controller/api';
import { WsClusterError } from '@wscluster/ring';
import { z } from 'zod';

const checks = new Map<string, z.ZodType>();

/**
 * An answer of the API, by its name in the OpenAPI document, with its structure checked: every required field is there
 * and has its type. Further fields are allowed. Throws MESSAGE_INVALID naming the field: the API has another version.
 */
export function readAnswer<Name extends keyof ApiSchemas & keyof typeof answerStructures>(
  name: Name,
  answer: unknown,
): ApiSchemas[Name] {
  const read = checkOf(name).safeParse(answer);
  if (read.success) return read.data as ApiSchemas[Name];
  const { path, message } = read.error.issues[0] ?? { path: [], message: 'is not understood' };
  throw new WsClusterError('MESSAGE_INVALID', `the API's answer, field ${path.join('.') || '(all)'}: ${message}`);
}

function checkOf(name: keyof typeof answerStructures): z.ZodType {
  let check = checks.get(name);
  if (check === undefined) {
    check = z.fromJSONSchema({ $ref: `#/$defs/${name}`, $defs: answerStructures });
    checks.set(name, check);
  }
  return check;
}
