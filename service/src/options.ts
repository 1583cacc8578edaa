import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { z } from 'zod';
import { parseHostPort } from './listen.ts';
import { fixedText, type LiveText } from './live-text.ts';
import { fileText } from './live-text-file.ts';
import type { Logger } from './log.ts';
import { readOptionsFile } from './options-file.ts';

/**
 * One setting of a process, by the key that holds its value: `--kebab-name` on the command line, else
 * `WSCLUSTER_KEBAB_NAME` in the environment, else the content of the file that `WSCLUSTER_KEBAB_NAME_FILE` names (for
 * mounted secrets), which is read once unless the option is live.
 */
export interface OptionSpec<T extends z.ZodType = z.ZodType> {
  readonly schema: T;
  /** What users call it, default its key: `drainSeconds` for a key `drainMs`, which holds milliseconds. */
  readonly name?: string;
  /** Its meaning, unit and default, for --help. */
  readonly help: string;
  /**
   * The value is a LiveText: from a `_FILE` it follows the file while the process runs; from elsewhere it never
   * changes. The schema only checks the text.
   */
  readonly live?: true;
}
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;
export type OptionValues<S extends OptionSpecs> = {
  readonly [K in keyof S]: S[K] extends { readonly live: true }
    ? LiveText | Extract<z.infer<S[K]['schema']>, undefined>
    : z.infer<S[K]['schema']>;
};

export const hostPortOption = z.string().transform((text, ctx) => {
  const parsed = parseHostPort(text);
  if (parsed !== undefined) return parsed;
  ctx.addIssue({ code: 'custom', message: 'must be host:port, or :port for all interfaces' });
  return z.NEVER;
});

/** A time in seconds, given as a number or as text; the value is in milliseconds. */
export const durationOption = z
  .union([z.number(), z.string().trim().min(1, 'must be a number of seconds')]) // an empty text is not 0
  .transform(Number)
  .pipe(z.number('must be a number of seconds').min(0).max(86_400))
  .transform((seconds) => Math.round(seconds * 1000));

/** As the option `config` it makes readOptions read a file of options. */
export const configFileOption = {
  schema: z.string().min(1).optional(),
  help: 'YAML or JSON file with these options by name (drainSeconds: 20); flags and variables override it (no default)',
};

/**
 * Reads and validates all options. Flags override variables, which override the file that `config` names, which
 * overrides defaults. An empty variable counts as unset, since Compose files produce those. Throws CONFIG_INVALID
 * naming the flag. With `--help` it prints the list and returns undefined. `log` reports later problems with the files
 * of live options.
 */
export function readOptions<S extends OptionSpecs>(
  program: string,
  specs: S,
  argv: readonly string[] = process.argv.slice(2),
  env: NodeJS.ProcessEnv = process.env,
  log?: Logger,
): OptionValues<S> | undefined {
  const keys = Object.keys(specs);
  const names = keys.map((key) => optionName(specs, key));
  let flags: Record<string, string | boolean | undefined>;
  try {
    flags = parseArgs({
      args: [...argv],
      options: {
        help: { type: 'boolean', short: 'h' },
        ...Object.fromEntries(names.map((name) => [kebab(name), { type: 'string' as const }])),
      },
    }).values;
  } catch (error) {
    throw new WsClusterError('CONFIG_INVALID', `${program}: ${(error as Error).message}`, { cause: error });
  }
  if (flags.help === true) {
    process.stdout.write(helpText(program, specs));
    return undefined;
  }
  const set = (name: string) => flags[kebab(name)] ?? (env[environmentName(name)] || undefined);
  const given = (name: string) => set(name) ?? fromMountedFile(fileVariable(name), env);
  const path = 'config' in specs ? given('config') : undefined;
  const others = names.filter((name) => name !== 'config');
  const file = typeof path === 'string' && path !== '' ? readOptionsFile(path, others) : {};
  const values: Record<string, unknown> = {};
  for (const key of keys) {
    const name = optionName(specs, key);
    const flag = kebab(name);
    const spec = specs[key];
    const mounted = env[fileVariable(name)];
    if (spec?.live === true && set(name) === undefined && mounted) {
      values[key] = fileText({ file: mounted, field: fileVariable(name), refuse: refusal(spec.schema), log });
      continue;
    }
    const parsed = spec?.schema.safeParse(given(name) ?? file[name]);
    if (parsed?.success !== true) {
      const why = parsed?.error.issues[0]?.message ?? 'unknown option';
      throw new WsClusterError(
        'CONFIG_INVALID',
        `--${flag} (or ${environmentName(name)}${name in file ? `, or ${name} in ${path}` : ''}): ${why}`,
        { field: flag },
      );
    }
    values[key] = spec?.live === true && typeof parsed.data === 'string' ? fixedText(parsed.data) : parsed.data;
  }
  return values as OptionValues<S>;
}

/** The name of an option for users; `key` is its name in the code. */
export function optionName(specs: OptionSpecs, key: string): string {
  return specs[key]?.name ?? key;
}

function refusal(schema: z.ZodType): (text: string) => string | undefined {
  return (text) => schema.safeParse(text).error?.issues[0]?.message;
}

function fromMountedFile(variable: string, env: NodeJS.ProcessEnv): string | undefined {
  const path = env[variable];
  if (path === undefined || path === '') return undefined;
  try {
    // Editors and `echo` end a file with a line break; no value of ours has one.
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch (cause) {
    throw new WsClusterError('CONFIG_INVALID', `${variable}: ${path} cannot be read: ${messageOf(cause)}`, {
      field: variable,
      cause,
    });
  }
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function environmentName(name: string): string {
  return `WSCLUSTER_${kebab(name).toUpperCase().replaceAll('-', '_')}`;
}

function fileVariable(name: string): string {
  return `${environmentName(name)}_FILE`;
}

function helpText(program: string, specs: OptionSpecs): string {
  const lines = Object.entries(specs).map(([key, { help }]) => {
    const name = optionName(specs, key);
    return `  --${kebab(name).padEnd(22)} ${help} [${environmentName(name)}]`;
  });
  return `${program}\n\n${lines.join('\n')}\n`;
}
