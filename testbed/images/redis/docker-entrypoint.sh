#!/bin/sh
set -e
# Options alone, or a configuration file, are for redis-server.
if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
  set -- redis-server "$@"
fi
if [ "$1" = redis-server ]; then
  # As in the official image: it is reached from other containers, with or without a password.
  set -- "$@" --protected-mode no
  if [ "$(id -u)" = 0 ]; then
    find . \! -user redis -exec chown redis '{}' +
    exec setpriv --reuid redis --regid redis --init-groups "$@"
  fi
fi
exec "$@"
