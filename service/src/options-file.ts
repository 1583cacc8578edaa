import { readFileSync } from 'node:fs';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { parse } from 'yaml';

/**
 * Reads options from a YAML or JSON file: a flat object of option names (`drainSeconds`) and strings, numbers or
 * booleans. Returns them as strings, as flags are. Throws CONFIG_INVALID naming the file and the field.
 */
export function readOptionsFile(path: string, names: readonly string[]): Readonly<Record<string, string>> {
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8')) ?? {};
  } catch (cause) {
    throw new WsClusterError('CONFIG_INVALID', `${path}: cannot be read: ${messageOf(cause)}`, {
      field: 'config',
      cause,
    });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new WsClusterError('CONFIG_INVALID', `${path}: must be an object of options`, { field: 'config' });
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(content)) {
    if (!names.includes(name))
      throw new WsClusterError(
        'CONFIG_INVALID',
        `${path}: ${name} is not an option; the options are ${names.join(', ')}`,
        {
          field: name,
        },
      );
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      throw new WsClusterError('CONFIG_INVALID', `${path}: ${name} must be a string, a number, true or false`, {
        field: name,
      });
    values[name] = String(value);
  }
  return values;
}
