import type { Problem } from '../outage.ts';

const WAIT = 'none: it reconnects by itself; check whether Redis is running there';

/** Translates an error of ioredis or Redis into a problem of the connection. `address` has no credentials. */
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
    return problem('Redis requires a password', 'give user and password in the URL of Redis');
  if (/NOPERM/.test(message))
    return problem(
      `the user lacks a permission in Redis: ${message}`,
      'give the user in the URL access to the keys wscluster:*',
    );
  if (/DB index/.test(message))
    return problem('Redis has no database with that number', 'correct the number at the end of the URL');
  if (/^Protocol error|^Unknown RESP type/.test(message))
    return problem('the server there is not Redis', 'correct host and port in the URL of Redis');
  if (/ENOTFOUND|EAI_AGAIN/.test(message))
    return problem(
      `the host name is not known (${message})`,
      'correct the host in the URL of Redis, or the DNS',
      false,
    );
  if (address.startsWith('rediss:') && /ETIMEDOUT/.test(message))
    return problem('the TLS handshake did not finish in time', 'use rediss:// only if Redis uses TLS', false);
  if (/ERR_SSL|SSL routines|certificate|altnames/i.test(message))
    return problem(
      `TLS fails (${message})`,
      'use rediss:// only if Redis uses TLS; for a private CA set NODE_EXTRA_CA_CERTS',
    );
  return problem(message, WAIT, false);
}
