import { type Logger, ProblemLog } from '@wscluster/service';
import { addressOf } from './address.ts';
import type { ContainerFacts } from './facts.ts';
import { nodeLabels } from './labels.ts';
import type { DockerNodeSettings } from './settings.ts';

interface Problem {
  readonly event: string;
  readonly text: string;
  readonly action: string;
}

/** Finds the address of each node, and logs why a node cannot be reached. */
export class Addresses {
  readonly #problems: ProblemLog;

  constructor(log: Logger) {
    this.#problems = new ProblemLog(log);
  }

  /**
   * The addresses by container id. If two containers have the same address, the one that was created first keeps it.
   */
  resolve(containers: readonly ContainerFacts[], settings: DockerNodeSettings): Map<string, string> {
    const addresses = new Map<string, string>();
    const owners = new Map<string, ContainerFacts>();
    const byAge = [...containers].sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
    for (const facts of byAge) {
      const problems: Problem[] = [];
      const labels = nodeLabels(facts.labels);
      if (labels.problems.length > 0)
        problems.push({
          event: 'node-label-invalid',
          text: `${labels.problems.join('; ')}; the cluster's own value is used`,
          action: 'recreate the container with a valid label',
        });
      if (facts.running) {
        const resolved = addressOf(facts, labels.port ?? settings.port, settings);
        const owner = 'address' in resolved ? owners.get(resolved.address) : undefined;
        if ('missing' in resolved)
          problems.push({ event: 'node-without-address', text: resolved.missing, action: resolved.action });
        else if (owner !== undefined)
          problems.push({
            event: 'node-address-taken',
            text: `its address ${resolved.address} is already used by ${owner.name}`,
            action: 'give each node its own port with the label wscluster.io/port',
          });
        else {
          addresses.set(facts.id, resolved.address);
          owners.set(resolved.address, facts);
        }
      }
      this.#note(facts, problems);
    }
    this.#problems.keepOnly(new Set(containers.map(({ id }) => id)));
    return addresses;
  }

  #note({ id, name }: ContainerFacts, problems: readonly Problem[]): void {
    const node = { node: id, container: name };
    this.#problems.note(
      id,
      problems.map(({ event, text, action }) => ({
        fields: { event, ...node, action },
        text: `container ${name}: ${text}`,
      })),
      { fields: { event: 'node-mended', ...node }, text: `container ${name} is usable now` },
    );
  }
}
