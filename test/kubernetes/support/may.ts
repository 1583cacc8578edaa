import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesApi } from '@wscluster/testbed/kubernetes';

/** `verb resource[.group][/subresource][:name]`; of all namespaces where none is named. */
export interface Question {
  readonly what: string;
  readonly namespace?: string | undefined;
}

export interface Asker {
  readonly user: string;
  readonly groups?: readonly string[];
}

export function serviceAccount(namespace: string, name: string): Asker {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  return { user: `system:serviceaccount:${namespace}:${name}`, groups };
}

/** Which of these somebody may do: what `kubectl auth can-i` asks, all at once. As texts `what in namespace`. */
export async function allowed(api: KubernetesApi, who: Asker, questions: readonly Question[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'wsc-may-'));
  try {
    const file = join(folder, 'reviews.json');
    const items = questions.map((question) => review(who, question));
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    const answer = await api.kubectl('create', `--filename=${file}`, '--output=json');
    const reviews = JSON.parse(`[${answer.trim().replaceAll(/\}\n\{/g, '},{')}]`) as readonly (Review & {
      items?: readonly Review[];
    })[];
    const all = reviews.flatMap((one) => one.items ?? [one]);
    return questions.filter((_, at) => all[at]?.status.allowed === true).map(textOf);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Review {
  readonly status: { readonly allowed: boolean };
}

export function textOf({ what, namespace }: Question): string {
  return `${what} in ${namespace ?? 'all namespaces'}`;
}

function review({ user, groups = [] }: Asker, { what, namespace }: Question) {
  const [, verb = '', resource = '', group = '', subresource = '', name = ''] =
    /^(\S+) ([^.:/]+)(?:\.([^:/]+))?(?:\/([^:]+))?(?::(.+))?$/.exec(what) ?? [];
  return {
    ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview' },
    spec: {
      user,
      groups,
      resourceAttributes: { verb, group, resource, subresource, name, namespace: namespace ?? '' },
    },
  };
}
