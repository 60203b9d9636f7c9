#!/bin/sh
# Run as the first process of namespaces of its own: Docker's daemon, all of whose mounts and processes vanish with it.
# $1: an empty folder for what it keeps, $2: its socket.
set -e
mount -t proc proc /proc
echo '{}' >"$1/daemon.json"
# Containers talk to nobody, so that the machine's network is left alone.
dockerd --config-file "$1/daemon.json" --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/pid" --host "unix://$2" \
  --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --log-level=warn &
wait $!
