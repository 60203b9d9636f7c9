#!/bin/sh
# Builds a Debian 13 tree with libvirt's modular daemon for QEMU into $1/root. Debian packages the driver and no virtqemud: its
# main program, which is libvirtd's with another name, is compiled of the same source package and linked with Debian's own
# libraries. Needs root and mmdebstrap.
set -eu
out=$1
mirror=http://deb.debian.org/debian
here=$(cd "$(dirname "$0")" && pwd)

mmdebstrap --quiet --mode=root --variant=minbase --format=directory \
  --aptopt='Apt::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --include="$(grep -v '^#' "$here/packages" "$here/build-packages" -h | paste -sd,)" \
  --customize-hook="cp '$here/virtqemud.sh' \"\$1/virtqemud.sh\"" \
  --customize-hook='chroot "$1" sh /virtqemud.sh' \
  --customize-hook="chroot \"\$1\" apt-get -y -qq purge --auto-remove $(grep -v '^#' "$here/build-packages" | paste -sd' ') >/dev/null" \
  --customize-hook='chroot "$1" virtqemud --version' \
  --customize-hook='rm -rf "$1/virtqemud.sh" "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*' \
  trixie "$out/root" "deb $mirror trixie main" "deb-src $mirror trixie main"
