#!/bin/sh
# Run inside the tree: compiles virtqemud of the source of the libvirt that is installed.
set -eu
mkdir /src
cd /src
# The two that are needed, by apt's signed index; some mirrors have no more of a source package.
apt-get -qq source --print-uris "libvirt=$(dpkg-query -W -f '${source:Version}' libvirt0)" >uris
sed -n "s/^'\(.*\)' \(.*\.tar\.xz\) [0-9]* /\1 \2 /p" uris | while read -r uri name hash; do
  /usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file "$uri" "$name" "$hash" >/dev/null
done
tar -xJf libvirt_*.orig.tar.xz --strip-components=1
tar -xJf libvirt_*.debian.tar.xz
while read -r patch; do patch -s -p1 <"debian/patches/$patch"; done <debian/patches/series

libraries=$(echo /usr/lib/*/libvirt.so.0)
meson setup build --prefix=/usr --libdir="$(dirname "$libraries")" --sysconfdir=/etc --localstatedir=/var \
  -Dsystem=true -Drunstatedir=/run -Dauto_features=disabled -Ddriver_remote=enabled -Ddriver_libvirtd=enabled \
  -Ddriver_qemu=enabled -Djson_c=enabled -Dlibnl=enabled -Dinit_script=none -Ddebug=false -Doptimization=0 >/src/log 2>&1 ||
  { tail -n 20 /src/log; exit 1; }
cd build
ninja -t targets all >targets
ninja src/admin/libvirt_admin_driver.a $(grep -o '^src/virtqemud\.p/[^:]*\.o' targets) >>/src/log 2>&1 || { tail -n 20 /src/log; exit 1; }
gcc -pie -o /usr/sbin/virtqemud src/virtqemud.p/*.o src/admin/libvirt_admin_driver.a \
  -l:libvirt.so.0 -l:libvirt-qemu.so.0 -l:libvirt-lxc.so.0 \
  $(pkgconf --libs glib-2.0 gobject-2.0 gio-2.0 libxml-2.0 libtirpc gnutls)
rm -rf /src
