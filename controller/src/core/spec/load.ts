import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { parseAllDocuments } from 'yaml';
import type { z } from 'zod';
import { desiredReplicas } from './nodes-schema.ts';
import { type WsCluster, wsClusterSchema } from './schema.ts';

/** A WsCluster as a file declares it. */
export interface DeclaredCluster {
  readonly cluster: WsCluster;
  /** The value of `spec` in the file, before defaults. */
  readonly given: unknown;
  /** Absolute folder of the file, which relative paths in it begin at. */
  readonly folder: string;
  /** Digest of the file's content, before defaults: a new default in a new version is not an edit of the file. */
  readonly digest: string;
}

/**
 * Reads the WsClusters of a YAML file, or of all YAML files in a folder, one per file. Throws CONFIG_INVALID naming the
 * file, the field and what is allowed, and if two have the same name.
 */
export function loadClusters(path: string): DeclaredCluster[] {
  const declared = clusterFiles(path).map((file) => ({ file, ...loadClusterFile(file) }));
  for (const [index, { file, cluster }] of declared.entries()) {
    const { name } = cluster.metadata;
    const other = declared.findIndex((one) => one.cluster.metadata.name === name);
    if (other !== index)
      throw new WsClusterError(
        'CONFIG_INVALID',
        `${file}: metadata.name: ${name} is already the name in ${declared[other]?.file}`,
        {
          field: 'metadata.name',
        },
      );
  }
  return declared;
}

function clusterFiles(path: string): string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
  const files = readdirSync(path)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(path, name));
  if (files.length > 0) return files;
  throw new WsClusterError('CONFIG_INVALID', `${path}: has no .yaml file; it needs one per WsCluster`);
}

/** Reads one WsCluster from a YAML file. Throws CONFIG_INVALID naming the file, the field and what is allowed. */
export function loadClusterFile(path: string): DeclaredCluster {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new WsClusterError('CONFIG_INVALID', `${path}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return parseCluster(text, path);
}

/** Reads one WsCluster from YAML text; `origin` is its file, and names it in errors. */
export function parseCluster(text: string, origin: string): DeclaredCluster {
  const documents = parseAllDocuments(text).filter((document) => document.contents !== null);
  const document = documents[0];
  if (document === undefined || documents.length > 1)
    throw new WsClusterError(
      'CONFIG_INVALID',
      `${origin}: must contain exactly one WsCluster, contains ${documents.length}`,
    );
  const problem = document.errors[0];
  if (problem !== undefined) throw new WsClusterError('CONFIG_INVALID', `${origin}: is not YAML: ${problem.message}`);
  const value: unknown = document.toJS();
  const digest = createHash('sha256').update(JSON.stringify(value)).digest('hex');
  const cluster = validCluster(value, origin);
  return { cluster, given: (value as { spec?: unknown }).spec ?? {}, folder: dirname(resolve(origin)), digest };
}

/** Checks a value against the schema and fills in defaults. */
export function validCluster(value: unknown, origin: string): WsCluster {
  const parsed = wsClusterSchema.safeParse(value);
  if (parsed.success) return withReplicas(parsed.data);
  const issues = parsed.error.issues.map(describeIssue);
  const first = issues[0];
  throw new WsClusterError('CONFIG_INVALID', `${origin}: ${issues.map((i) => `${i.field}: ${i.message}`).join('; ')}`, {
    field: first?.field ?? '',
  });
}

/** A default that depends on other fields, which the schema cannot express. */
function withReplicas(cluster: WsCluster): WsCluster {
  const { nodes } = cluster.spec;
  return { ...cluster, spec: { ...cluster.spec, nodes: { ...nodes, replicas: desiredReplicas(nodes) } } };
}

/** The field as written in the file, and what is wrong with it. */
function describeIssue(issue: z.core.$ZodIssue): { field: string; message: string } {
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
  const field = path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );
  const message = issue.code === 'unrecognized_keys' ? 'is not a field of a WsCluster' : issue.message;
  return { field: field || '(document)', message };
}
