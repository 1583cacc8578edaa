// The braces make one slot of all keys of a cluster, so that a Redis Cluster keeps them together.

/** The hash with the ring: epoch, version, message. */
export const ringKey = (cluster: string) => `wscluster:{${cluster}}:ring`;

/** The lock of the leader; its value tells who that is. */
export const leaderKey = (cluster: string) => `wscluster:{${cluster}}:leader`;

/** The hash with the documents of the controller, by name. */
export const documentsKey = (cluster: string) => `wscluster:{${cluster}}:documents`;
