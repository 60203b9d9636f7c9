#!/bin/sh
# Run as the first process of namespaces of its own: Debian's libvirtd on folders that vanish with it.
# $1: an empty folder that the host can see, where this script says that libvirtd answers.
set -e
mount -t proc proc /proc
cp -a /etc/libvirt "$1/etc"
# Where root alone may open /dev/kvm, libvirtd would ask qemu anew what it can before each thing that it does.
printf 'user = "root"\ngroup = "root"\n' >>"$1/etc/qemu.conf"
mkdir "$1/run"
mount --bind "$1/run" /run
mount --bind "$1/etc" /etc/libvirt
# Guests' disks and logs; and nothing of what a libvirtd of the machine's own keeps there.
for folder in /var/lib/libvirt /var/log/libvirt /var/cache/libvirt; do
  mount -t tmpfs tmpfs "$folder"
done
mkdir /var/lib/libvirt/images
virtlogd -d
libvirtd &
until virsh -q -c qemu:///system version >/dev/null 2>&1; do sleep 0.2; done
touch "$1/ready"
wait
