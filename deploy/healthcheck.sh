#!/bin/bash
# healthcheck PORT PATH: succeeds when this container answers 200. It prints the answer, which `docker inspect` shows.
# Costs 2 ms; a Node process for it would cost 50.
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
read -r -t 2 _ status _ <&3
while read -r -t 2 header <&3 && [ "$header" != $'\r' ]; do :; done
while read -r -t 2 line <&3; do printf '%s\n' "$line"; done
[ "$status" = 200 ]
