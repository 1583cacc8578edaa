import type { Logger } from '@wscluster/service';

/** Logs everything at debug: another worker says the same. */
export function demoted(log: Logger): Logger {
  const debug = (fields: object, text?: string) => log.debug(fields, text);
  return { debug, info: debug, warn: debug, error: debug, child: (fields) => demoted(log.child(fields)) };
}
