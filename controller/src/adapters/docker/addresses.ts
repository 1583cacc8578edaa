import type { Logger } from '@wscluster/service';
import { addressOf } from './address.ts';
import type { ContainerFacts } from './facts.ts';
import { nodeLabels } from './labels.ts';
import type { DockerNodeSettings } from './settings.ts';

interface Problem {
  readonly event: string;
  readonly text: string;
  readonly action: string;
}

/** Finds where nodes are reached, and says once of each that cannot be why not. */
export class Addresses {
  readonly #log: Logger;
  /** What was said last of each container. */
  readonly #said = new Map<string, string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** The addresses by container id. Of two containers with one address, the one that was created first has it. */
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
          action: 'create the container again with a label that is valid',
        });
      if (facts.running) {
        const resolved = addressOf(facts, labels.port ?? settings.port, settings);
        const owner = 'address' in resolved ? owners.get(resolved.address) : undefined;
        if ('missing' in resolved)
          problems.push({ event: 'node-without-address', text: resolved.missing, action: resolved.action });
        else if (owner !== undefined)
          problems.push({
            event: 'node-address-taken',
            text: `its address ${resolved.address} is that of ${owner.name} already`,
            action: 'give each node a port of its own: the label wscluster.io/port',
          });
        else {
          addresses.set(facts.id, resolved.address);
          owners.set(resolved.address, facts);
        }
      }
      this.#say(facts, problems);
    }
    const ids = new Set(containers.map(({ id }) => id));
    for (const id of this.#said.keys()) if (!ids.has(id)) this.#said.delete(id);
    return addresses;
  }

  #say({ id, name }: ContainerFacts, problems: readonly Problem[]): void {
    const said = JSON.stringify(problems);
    if ((this.#said.get(id) ?? '[]') === said) return;
    this.#said.set(id, said);
    for (const { event, text, action } of problems)
      this.#log.warn({ event, node: id, container: name, action }, `container ${name}: ${text}`);
    if (problems.length === 0)
      this.#log.info({ event: 'node-mended', node: id, container: name }, `container ${name} can be used now`);
  }
}
