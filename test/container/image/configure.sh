# Run in the bare Debian tree: what makes it a machine to try things on.
install -m 755 /root/init /sbin/kvmplay-init
echo '127.0.0.1 localhost' >/etc/hosts
# In each run made anew, by ssh.service below.
rm -f /etc/ssh/ssh_host_*
mkdir -p /etc/systemd/system/ssh.service.d
cat >/etc/systemd/system/ssh.service.d/keys.conf <<'UNIT'
[Service]
ExecStartPre=
ExecStartPre=/bin/sh -c '[ -e /etc/ssh/key ] || ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/key'
UNIT
printf 'HostKey /etc/ssh/key\nListenAddress 127.0.0.1\nUsePAM no\nUseDNS no\n' >/etc/ssh/sshd_config.d/kvmplay.conf
install -d -m 700 /root/.ssh
systemctl -q disable tuned
systemctl -q mask systemd-logind getty@tty1 console-getty apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  e2scrub_all.timer e2scrub_reap systemd-udevd systemd-sysctl systemd-timesyncd

# There is no disk below a container: what grub-probe would say of a plain one.
dpkg-divert --quiet --local --rename --add /usr/sbin/grub-probe
cat >/usr/sbin/grub-probe <<'PROBE'
#!/bin/sh
case "$*" in
  *device*) echo /dev/vda1 ;;
  *fs_uuid*) echo 0f4d2c1e-7c0b-4a55-9c52-3b8a0b6f6f11 ;;
  *target=fs*) echo ext2 ;;
  *partmap*) echo gpt ;;
  *abstraction*) ;;
  *compatibility_hint* | *drive*) echo hd0,gpt1 ;;
  *) exit 1 ;;
esac
PROBE
chmod 755 /usr/sbin/grub-probe
mkdir -p /boot/grub /etc/default/grub.d
echo kernel >/boot/vmlinuz-6.1.0-9-amd64
echo initrd >/boot/initrd.img-6.1.0-9-amd64
printf 'GRUB_DEFAULT=0\nGRUB_TIMEOUT=0\nGRUB_DISTRIBUTOR=Debian\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX="console=ttyS0"\n' \
  >/etc/default/grub
