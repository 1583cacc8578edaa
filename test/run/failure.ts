/** The part of a vitest error that is needed. */
interface Failure {
  readonly message?: string;
  readonly cause?: unknown;
}

const PART_CHARS = 300;
const LINE_CHARS = 2_000;

/** One line of an error: the first of its message, how to repeat a failed property, and the first of its cause. */
export function failureLine({ message = 'no message', cause }: Failure = {}): string {
  const [first = '', second = ''] = message.split('\n', 2);
  const parts = [first];
  if (second.startsWith('{ seed: ')) parts.push(second);
  const because = (cause as Failure | undefined)?.message;
  if (typeof because === 'string') parts.push(because.split('\n', 1)[0] ?? '');
  return parts.map((part) => cut(part, PART_CHARS)).join(' | ');
}

/** Text whose lines can be read: a counterexample, which is one line, may have megabytes. */
export function withLinesCut(text: string): string {
  return text
    .split('\n')
    .map((line) => cut(line, LINE_CHARS))
    .join('\n');
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length - most} more characters)`;
}
