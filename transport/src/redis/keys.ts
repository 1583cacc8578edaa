// The braces put all keys of a cluster into one hash slot, so that a Redis Cluster keeps them together.

/** The hash with the ring: epoch, version, message. */
export const ringKey = (cluster: string) => `wscluster:{${cluster}}:ring`;

/** The lock of the leader; its value names the holder. */
export const leaderKey = (cluster: string) => `wscluster:{${cluster}}:leader`;

/** The hash with the controller's documents, by name. */
export const documentsKey = (cluster: string) => `wscluster:{${cluster}}:documents`;
