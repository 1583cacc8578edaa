import type { Problem } from '../outage.ts';
import type { AmqpAddress } from './address.ts';

const WAIT = 'none: it tries again on its own, and the last ring stays in use; see whether RabbitMQ runs there';

/** What of an error of amqplib or of the broker keeps the bus from being used. */
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
      'correct user and password in the URL of RabbitMQ (guest may log in from the same host only)',
    );
  // amqplib keeps from us which of the two it is.
  if (/Expected ConnectionOpenOk; got <ConnectionClose|vhost .*(?:not found|refused)/.test(message))
    return problem(
      `RabbitMQ has no virtual host ${vhost}, or the user ${user} may not use it`,
      'correct the path of the URL of RabbitMQ, or rabbitmqctl add_vhost and set_permissions; its log says which',
    );
  if (/ACCESS.REFUSED/.test(message))
    return problem(
      `the user ${user} lacks a permission: ${said(message)}`,
      'let it configure, write and read wscluster.* and amq.gen-* (rabbitmqctl set_permissions)',
    );
  if (/inequivalent arg/.test(message))
    return problem(
      `an exchange of that name is of another kind: ${said(message)}`,
      'delete that exchange (it is made anew), or use another virtual host',
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
      'use amqps:// only where RabbitMQ speaks TLS; trust a private CA by NODE_EXTRA_CA_CERTS',
    );
  if (
    /abruptly|Invalid frame|Frame on channel|Frame size|Expected ConnectionStart|ETIMEDOUT|opening handshake/.test(
      message,
    )
  )
    return problem(
      `no AMQP conversation came about (${message})`,
      'see whether RabbitMQ runs there and answers, and that the URL names its AMQP port (not that of its web page)',
      false,
    );
  if (message === 'Unexpected close') return problem('the connection broke off', WAIT, false);
  return problem(said(message), WAIT, false);
}

/** The broker's own words, where the message has them. */
function said(message: string): string {
  return /with message "(.+)"/.exec(message)?.[1] ?? message;
}
