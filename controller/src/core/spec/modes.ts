/** How the controller runs nodes: as local processes, containers, or pods. The first two declare clusters in files. */
export type Mode = 'local' | 'docker' | 'kubernetes';

const TITLES: Record<Mode, string> = { local: 'Local', docker: 'Docker', kubernetes: 'Kubernetes' };

/** Metadata of the schema for the generators and for `servableIn`; other readers of the schema ignore it. */
// A type, not an interface: metadata must be assignable to a type with an index.
export type FieldNotes = {
  /** The modes that have the field; if missing, all. */
  readonly 'x-wscluster-modes'?: readonly Mode[];
  /** Required in the Kubernetes resource, although a file may leave it out. */
  readonly 'x-wscluster-required'?: true;
};

/** Metadata of a field that exists only in some modes. Its description begins with them, as in `Docker mode: ...`. */
export function only(modes: Mode | readonly Mode[], description: string): FieldNotes & { description: string } {
  const list = typeof modes === 'string' ? [modes] : modes;
  return { description: `${modePrefix(list)}${description}`, 'x-wscluster-modes': list };
}

/** Metadata of a field that the Kubernetes resource must have. */
export const REQUIRED_IN_KUBERNETES = { 'x-wscluster-required': true } as const satisfies FieldNotes;

/** `Docker and Kubernetes mode: `. */
export function modePrefix(modes: readonly Mode[]): string {
  return `${modeNames(modes)} mode: `;
}

/** `Docker and Kubernetes`. */
export function modeNames(modes: readonly Mode[]): string {
  return modes.map((mode) => TITLES[mode]).join(' and ');
}
