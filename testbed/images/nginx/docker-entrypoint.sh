#!/bin/sh
set -e
# /etc/nginx/templates/*.template becomes /etc/nginx/conf.d/* with ${VARIABLES} of the environment put in; other $names
# stay.
for template in /etc/nginx/templates/*.template; do
  [ -e "$template" ] || continue
  defined=$(printenv | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p')
  name=$(basename "$template" .template)
  envsubst "$defined" < "$template" > "/etc/nginx/conf.d/$name"
done
exec "$@"
