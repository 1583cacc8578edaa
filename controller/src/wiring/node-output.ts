import { type Logger, standardOutput } from '@wscluster/service';

/**
 * Puts a node's output into the log: a line of a structured log, which names its node, as it is; others with the name.
 */
export function nodeOutput(log: Logger): (node: string, line: string) => void {
  const out = standardOutput();
  return (node, line) => {
    if (isStructured(line)) out.write(`${line}\n`);
    else log.info({ event: 'node-output', node }, line);
  };
}

function isStructured(line: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    const { service, msg, node } = JSON.parse(line) as Record<string, unknown>;
    return [service, msg, node].every((one) => typeof one === 'string');
  } catch {
    return false;
  }
}
