#!/bin/sh
# Turns a bare Debian tree ($1) into the emulated host; $2 is the public key that may log in as root and as ops.
set -eu
root=$1

echo hypervisor >"$root/etc/hostname"
printf '127.0.0.1 localhost hypervisor\n' >"$root/etc/hosts"
echo '/dev/vda / ext4 defaults 0 1' >"$root/etc/fstab"

# The address that qemu's user network expects; by MAC, since more devices rename the interface.
cat >"$root/etc/systemd/network/10-management.network" <<'EOF'
[Match]
MACAddress=52:54:00:00:00:01
[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
EOF
# The others are up, so that their interrupts are requested, and have no address.
cat >"$root/etc/systemd/network/20-data.network" <<'EOF'
[Match]
MACAddress=52:54:00:00:00:02 52:54:00:00:00:03 52:54:00:00:00:04
[Link]
RequiredForOnline=no
[Network]
LinkLocalAddressing=no
IPv6AcceptRA=no
EOF
chroot "$root" systemctl -q enable systemd-networkd

install -d -m 700 "$root/root/.ssh"
install -m 600 "$2" "$root/root/.ssh/authorized_keys"
chroot "$root" useradd -m -s /bin/bash -G sudo,libvirt ops
# A hash that costs little: sudo makes it for each session. And what a first login starts stays up.
echo ops:ops-password | chroot "$root" chpasswd -c SHA256 -s 1000
mkdir -p "$root/var/lib/systemd/linger"
touch "$root/var/lib/systemd/linger/ops" "$root/var/lib/systemd/linger/root"
sed -i '/pam_motd\|pam_mail/d' "$root/etc/pam.d/sshd"
install -d -m 700 "$root/home/ops/.ssh"
install -m 600 "$2" "$root/home/ops/.ssh/authorized_keys"
chroot "$root" chown -R ops:ops /home/ops/.ssh

# What only costs time under emulation, or would move a knob behind a test's back.
chroot "$root" systemctl -q mask getty@tty1 serial-getty@ttyS0 apt-daily.timer apt-daily-upgrade.timer \
  dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap fstrim.timer logrotate.timer systemd-pstore \
  modprobe@drm.service modprobe@fuse.service modprobe@configfs.service sys-fs-fuse-connections.mount \
  sys-kernel-config.mount systemd-boot-update
# A reboot is one by the machine's own firmware, unless kexec is asked for by name.
chroot "$root" systemctl -q mask kexec-load
# What tunes a host by itself is there to be started.
chroot "$root" systemctl -q disable irqbalance tuned numad libvirtd libvirt-guests
# libvirtd starts when virsh first knocks at its socket.
chroot "$root" systemctl -q enable libvirtd.socket

# Said on the console when sshd answers, so that nobody has to poll a slow machine.
cat >"$root/etc/systemd/system/kvmplay-ready.service" <<'EOF'
[Unit]
After=ssh.service systemd-networkd.service network-online.target
[Service]
Type=oneshot
ExecStart=/bin/echo KVMPLAY-VM-READY
StandardOutput=file:/dev/ttyS0
[Install]
WantedBy=multi-user.target
EOF
chroot "$root" systemctl -q enable kvmplay-ready
rm -f "$root"/var/cache/apt/*.bin "$root"/var/lib/apt/lists/*Packages
