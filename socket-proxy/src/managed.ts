/** What the controller labels the containers with that it creates, and may start, stop and remove. */
export const MANAGED = { label: 'wscluster.io/managed', value: 'true' } as const;
