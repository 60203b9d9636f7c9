#!/bin/sh
# Builds the emulated host's disk, kernel, initrd and key into the directory given. Needs mmdebstrap and e2fsprogs;
# root or user namespaces; no loop device.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
root=$(mktemp -d "${TMPDIR:-/tmp}/kvmplay-image.XXXXXX")
if [ "$(id -u)" = 0 ]; then mode=root as_root=''; else mode=unshare as_root='mmdebstrap --unshare-helper'; fi
trap '$as_root rm -rf "$root"' EXIT
chmod 755 "$root"

ssh-keygen -q -t ed25519 -N '' -C kvmplay-vm -f "$out/id"

# initramfs-tools reads these when it is installed: only what a virtio root needs, so that TCG unpacks little.
mmdebstrap --quiet --mode=$mode --variant=minbase --format=directory \
  --aptopt='Apt::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"' \
  --essential-hook='printf "MODULES=list\nCOMPRESS=gzip\n" >"$1/etc/initramfs-tools/conf.d/kvmplay"' \
  --essential-hook='printf "%s\n" virtio_pci virtio_blk ext4 >"$1/usr/share/initramfs-tools/modules.d/kvmplay"' \
  --include="$(grep -v '^#' "$here/packages" | paste -sd,)" \
  --customize-hook="sh '$here/configure.sh' \"\$1\" '$out/id.pub'" \
  --customize-hook="cat \"\$1\"/boot/vmlinuz-* >'$out/vmlinuz'; cat \"\$1\"/boot/initrd.img-* >'$out/initrd'" \
  --customize-hook="cat \"\$1/etc/ssh/ssh_host_ed25519_key.pub\" >'$out/host_key.pub'" \
  bookworm "$root"

truncate -s 6G "$out/disk.raw"
$as_root mkfs.ext4 -q -F -L root -N 262144 -d "$root" "$out/disk.raw"
