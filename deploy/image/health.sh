#!/bin/bash
# Whether the process of this container wants work: exit status 0 if /health/ready answers 200. The image has no HTTP client.
set -u

exec 3<>"/dev/tcp/127.0.0.1/${HEALTH_PORT:-9000}" || exit 1
printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "${1:-/health/ready}" >&3
read -r -t 2 _ status _ <&3
[ "${status:-}" = 200 ]
