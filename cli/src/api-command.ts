import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { Api } from './api/api.ts';
import { API_FLAGS, API_HELP, type ApiFlags, apiAddress } from './api/options.ts';
import type { Command } from './command.ts';
import { EXIT, EXIT_HELP, type ExitCode } from './exit-codes.ts';

/** What a command has to work with once its arguments are parsed. */
export interface Call {
  readonly api: Api;
  /** `--json`: a program reads the output. */
  readonly json: boolean;
  print(text: string): void;
}

export type Work = (call: Call) => Promise<void>;

export interface ApiCommandSpec {
  readonly name: string;
  readonly summary: string;
  /** The arguments after the name, one line per form. */
  readonly forms: readonly string[];
  /** What the command prints, with an example. */
  readonly help: string;
  /** A flag of this command with a text value, and its line of help. */
  readonly flag?: { readonly name: string; readonly help: string; readonly short?: string };
  /** Another one, which may be given several times. */
  readonly listFlag?: { readonly name: string; readonly help: string; readonly short: string };
  /**
   * Parses the arguments and its own flags before it calls the API. Undefined: wrong usage; or throws CONFIG_INVALID.
   */
  prepare(words: readonly string[], flag: string | undefined, list: readonly string[]): Work | undefined;
}

/** A command that calls the API: parses, calls, prints, and exits with the documented codes. */
export function apiCommand(spec: ApiCommandSpec): Command {
  return {
    name: spec.name,
    summary: spec.summary,
    async run(args) {
      let ready: { work: Work; call: Call } | undefined;
      try {
        ready = understand(spec, args);
      } catch (error) {
        process.stderr.write(`wscluster ${spec.name}: ${messageOf(error)}\n${usage(spec)}`);
        return EXIT.usage;
      }
      if (ready === undefined) {
        process.stdout.write(help(spec));
        return EXIT.ok;
      }
      try {
        await ready.work(ready.call);
        return EXIT.ok;
      } catch (error) {
        return failed(spec.name, error);
      }
    },
  };
}

/** Work whose answer is one JSON value: prints it as JSON, or as `text` formats it. */
export function show(ask: (api: Api) => Promise<unknown>, text: (answer: unknown) => string): Work {
  return async ({ api, json, print }) => {
    const answer = await ask(api);
    print(json ? `${JSON.stringify(answer, null, 2)}\n` : text(answer));
  };
}

/** Prints what went wrong to stderr: the code for programs, the detail for people. */
function failed(name: string, error: unknown): ExitCode {
  const code = error instanceof WsClusterError ? error.code : 'INTERNAL';
  process.stderr.write(`wscluster ${name}: ${code}: ${messageOf(error)}\n`);
  return code === 'API_UNREACHABLE' ? EXIT.unreachable : EXIT.failed;
}

/** Undefined: help was requested. Throws what is wrong with the arguments. */
function understand(spec: ApiCommandSpec, args: readonly string[]): { work: Work; call: Call } | undefined {
  const options: ParseArgsOptionsConfig = {
    ...API_FLAGS,
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
    ...(spec.flag === undefined ? {} : { [spec.flag.name]: stringOption(spec.flag) }),
    ...(spec.listFlag === undefined
      ? {}
      : { [spec.listFlag.name]: { ...stringOption(spec.listFlag), multiple: true } }),
  };
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  if (values.help === true) return undefined;
  const flag = spec.flag === undefined ? undefined : values[spec.flag.name];
  const list = spec.listFlag === undefined ? [] : values[spec.listFlag.name];
  const lines = Array.isArray(list) ? list.map(String) : [];
  const work = spec.prepare(positionals, typeof flag === 'string' ? flag : undefined, lines);
  if (work === undefined) {
    const given = positionals.length === 0 ? 'arguments are missing' : `"${positionals.join(' ')}" is not understood`;
    throw new WsClusterError('CONFIG_INVALID', given);
  }
  const api = new Api(apiAddress(values as ApiFlags));
  return { work, call: { api, json: values.json === true, print: (text) => process.stdout.write(text) } };
}

function stringOption({ short }: { readonly short?: string }) {
  return { type: 'string' as const, ...(short !== undefined && { short }) };
}

function usage({ name, forms }: ApiCommandSpec): string {
  const lines = forms.map((form, index) => `${index === 0 ? 'usage:' : '      '} wscluster ${name} ${form}`.trimEnd());
  return `${lines.join('\n')}\n`;
}

function help(spec: ApiCommandSpec): string {
  const own = [spec.listFlag, spec.flag].map((flag) => (flag === undefined ? '' : `  ${flag.help}\n`)).join('');
  const common = `${own}  --json           print the API's JSON instead of a table\n${API_HELP}`;
  return `${usage(spec)}\n${spec.help.trim()}\n\n${common}\n${EXIT_HELP}\n`;
}
