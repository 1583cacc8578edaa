/** What was read of the Secrets of a cluster, kept in memory alone: they may be deleted before the cluster is. */
export interface KnownSecrets {
  readonly rabbitmqUrl: string;
  readonly redisUrl: string;
  /** The values of the Secret of the registry; undefined when the spec names none. */
  readonly nacos: Readonly<Record<string, string>> | undefined;
}
