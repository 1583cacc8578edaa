#!/bin/sh
# Starts Nacos once, so that it leaves its classes as the JVM has them once they are loaded: with these each start takes
# a third less of the processor's time.
set -e
export MODE=standalone NACOS_AUTH_IDENTITY_KEY=- NACOS_AUTH_IDENTITY_VALUE=- \
  NACOS_AUTH_TOKEN=bm9ib2R5IGlzIGxldCBpbiB3aXRoIGEgdG9rZW4gb2YgdGhpcyBrZXk=
log=$(mktemp)
JAVA_OPT=-XX:ArchiveClassesAtExit=/home/nacos/classes.jsa bin/docker-startup.sh > "$log" 2>&1 &
until grep --quiet 'started successfully' "$log"; do
  if ! kill -0 $!; then cat "$log" && exit 1; fi
  sleep 0.2
done
kill $!
wait $! || true # ended by a signal
test -s classes.jsa
rm -rf data logs "$log"
