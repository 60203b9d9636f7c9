#!/bin/sh
# Builds the containers' root as root.tar into the directory given. Needs mmdebstrap, and root or user namespaces.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mmdebstrap --quiet --variant=minbase --format=tar \
  --aptopt='Apt::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --include="$(grep -v '^#' "$here/packages" | paste -sd,)" \
  --customize-hook="copy-in '$here/init' '$here/configure.sh' '$here/repositories.sh' /root" \
  --customize-hook='chroot "$1" sh -e /root/configure.sh' \
  --customize-hook='chroot "$1" sh -e /root/repositories.sh' \
  bookworm "$1/root.tar"
