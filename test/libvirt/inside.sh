#!/bin/sh
# Run as the first process of namespaces of its own: libvirt on folders that vanish with it.
# $1: an empty folder that the host can see, where this script says that libvirt answers.
# $2: the daemon. $3: the tree that it and its guests run in; / is this machine. $4…: what of this machine has to be there too.
set -e
own=$1 daemon=$2 root=$3
shift 3
if [ "$root" != / ]; then
  mount --bind "$root" "$root"
  for shown in "$own" "$@"; do
    [ -d "$shown" ] && mkdir -p "$root$shown" || { mkdir -p "$root${shown%/*}" && touch "$root$shown"; }
  done
  # What is kept between runs stays as it was made.
  mount -o remount,bind,ro "$root"
  for shown in /dev /sys "$own" "$@"; do mount --rbind "$shown" "$root$shown"; done
  cd "$root"
  pivot_root . mnt
  cd /
fi
mount -t proc proc /proc
[ "$root" = / ] || umount -l /mnt
cp -a /etc/libvirt "$own/etc"
# Where root alone may open /dev/kvm, libvirtd would ask qemu anew what it can before each thing that it does.
printf 'user = "root"\ngroup = "root"\n' >>"$own/etc/qemu.conf"
mkdir "$own/run"
mount --bind "$own/run" /run
mount --bind "$own/etc" /etc/libvirt
# Guests' disks and logs; and nothing of what a libvirtd of the machine's own keeps there.
for folder in /var/lib/libvirt /var/log/libvirt /var/cache/libvirt; do
  mount -t tmpfs tmpfs "$folder"
done
mkdir /var/lib/libvirt/images
virtlogd -d
"$daemon" &
until virsh -q -c qemu:///system version >/dev/null 2>&1; do sleep 0.2; done
touch "$own/ready"
wait
