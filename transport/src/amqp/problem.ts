import type { Problem } from '../outage.ts';
import type { AmqpAddress } from './address.ts';

const WAIT = 'none: it reconnects by itself, and the last ring stays in use; check whether RabbitMQ is running there';

/** Translates an error of amqplib or of the broker into a problem of the bus. */
export function amqpProblem({ text: address, user, vhost }: AmqpAddress, message: string): Problem {
  const problem = (what: string, action: string, misconfigured = true): Problem => ({
    address,
    text: `${address}: ${what}`,
    action,
    misconfigured,
  });
  if (/Login was refused|403 \(ACCESS-REFUSED\).*(?:login|credentials)/i.test(message))
    return problem(
      `RabbitMQ refuses the user ${user} or the password`,
      'correct user and password in the URL of RabbitMQ (guest may log in only from the same host)',
    );
  // amqplib does not tell which of the two it is.
  if (/Expected ConnectionOpenOk; got <ConnectionClose|vhost .*(?:not found|refused)/.test(message))
    return problem(
      `RabbitMQ has no virtual host ${vhost}, or the user ${user} has no access to it`,
      'correct the path in the URL of RabbitMQ, or run rabbitmqctl add_vhost or set_permissions; the log of RabbitMQ says which',
    );
  if (/ACCESS.REFUSED/.test(message))
    return problem(
      `the user ${user} lacks a permission: ${said(message)}`,
      'allow it to configure, write and read wscluster.* and amq.gen-* (rabbitmqctl set_permissions)',
    );
  if (/inequivalent arg/.test(message))
    return problem(
      `an exchange with that name has another type: ${said(message)}`,
      'delete that exchange (it is created again), or use another virtual host',
    );
  if (/ENOTFOUND|EAI_AGAIN/.test(message))
    return problem(
      `the host name is not known (${message})`,
      'correct the host in the URL of RabbitMQ, or the DNS',
      false,
    );
  if (/ERR_SSL|SSL routines|certificate|altnames/i.test(message))
    return problem(
      `TLS fails (${message})`,
      'use amqps:// only if RabbitMQ uses TLS; for a private CA set NODE_EXTRA_CA_CERTS',
    );
  if (
    /abruptly|Invalid frame|Frame on channel|Frame size|Expected ConnectionStart|ETIMEDOUT|opening handshake/.test(
      message,
    )
  )
    return problem(
      `the AMQP handshake failed (${message})`,
      'check whether RabbitMQ is running there, and that the URL names its AMQP port (not that of its web page)',
      false,
    );
  if (message === 'Unexpected close') return problem('the connection broke off', WAIT, false);
  return problem(said(message), WAIT, false);
}

/** The broker's own words, if the message contains them. */
function said(message: string): string {
  return /with message "(.+)"/.exec(message)?.[1] ?? message;
}
