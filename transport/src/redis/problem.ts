import type { Problem } from '../outage.ts';

const WAIT = 'none: it tries again on its own; see whether Redis runs there';

/** What of an error of ioredis or of Redis keeps the connection from being used. `address` without credentials. */
export function redisProblem(address: string, message: string): Problem {
  const problem = (what: string, action: string, misconfigured = true): Problem => ({
    address,
    text: `${address}: ${what}`,
    action,
    misconfigured,
  });
  if (/WRONGPASS|invalid password/.test(message))
    return problem('Redis refuses the user or the password', 'correct user and password in the URL of Redis');
  if (/NOAUTH|without any password configured|Authentication required/.test(message))
    return problem('Redis wants a password', 'give user and password in the URL of Redis');
  if (/NOPERM/.test(message))
    return problem(`Redis does not permit the user: ${message}`, 'give the user of the URL the rights on wscluster:*');
  if (/DB index/.test(message))
    return problem('Redis does not have the database of that number', 'correct the number at the end of the URL');
  if (/^Protocol error|^Unknown RESP type/.test(message))
    return problem('what answers there is not a Redis', 'correct host and port in the URL of Redis');
  if (/ENOTFOUND|EAI_AGAIN/.test(message))
    return problem(
      `the host name is not known (${message})`,
      'correct the host in the URL of Redis, or the DNS',
      false,
    );
  if (address.startsWith('rediss:') && /ETIMEDOUT/.test(message))
    return problem('no TLS conversation came about in time', 'use rediss:// only where Redis speaks TLS', false);
  if (/ERR_SSL|SSL routines|certificate|altnames/i.test(message))
    return problem(
      `TLS fails (${message})`,
      'use rediss:// only where Redis speaks TLS; trust a private CA by NODE_EXTRA_CA_CERTS',
    );
  return problem(message, WAIT, false);
}
