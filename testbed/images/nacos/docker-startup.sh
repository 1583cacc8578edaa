#!/bin/sh
set -e
# As the official image refuses to start without them.
for name in NACOS_AUTH_TOKEN NACOS_AUTH_IDENTITY_KEY NACOS_AUTH_IDENTITY_VALUE; do
  if [ -z "$(printenv "$name")" ]; then
    echo "env $name must be set." >&2
    exit 1
  fi
done
if [ "$MODE" != standalone ]; then
  echo "this image knows only MODE=standalone" >&2
  exit 1
fi
opens=''
for name in java.lang java.math java.util java.util.concurrent java.util.concurrent.atomic; do
  opens="$opens --add-opens java.base/$name=ALL-UNNAMED"
done
if [ -f classes.jsa ]; then JAVA_OPT="-XX:SharedArchiveFile=/home/nacos/classes.jsa $JAVA_OPT"; fi
# shellcheck disable=SC2086
exec java "-Xms$JVM_XMS" "-Xmx$JVM_XMX" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 $opens $JAVA_OPT \
  -Dnacos.standalone=true -Dnacos.home=/home/nacos -Dserver.tomcat.basedir=/home/nacos \
  -Dspring.config.additional-location=file:/home/nacos/conf/ \
  -cp '/home/nacos/target/lib/*' io.wscluster.testbed.Nacos
