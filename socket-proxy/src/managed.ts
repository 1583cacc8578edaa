/** The label of containers that the controller creates, and may start, stop and remove. */
export const MANAGED = { label: 'wscluster.io/managed', value: 'true' } as const;
