#!/bin/sh
set -e
# What is no command is for node: `docker run node:24-bookworm-slim app.js`.
if [ "${1#-}" != "$1" ] || [ -z "$(command -v "$1")" ] || { [ -f "$1" ] && ! [ -x "$1" ]; }; then
  set -- node "$@"
fi
exec "$@"
