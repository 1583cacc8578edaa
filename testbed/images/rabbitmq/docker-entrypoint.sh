#!/bin/sh
set -e
if [ "$1" = rabbitmq-server ] && [ "$(id -u)" = 0 ]; then
  # Made here, since a health check that comes before the broker has made it would make one that only root may read.
  cookie=/var/lib/rabbitmq/.erlang.cookie
  [ -e "$cookie" ] || head -c 15 /dev/urandom | base64 > "$cookie"
  chmod 400 "$cookie"
  find /var/lib/rabbitmq \! -user rabbitmq -exec chown rabbitmq '{}' +
  exec setpriv --reuid rabbitmq --regid rabbitmq --init-groups "$@"
fi
exec "$@"
