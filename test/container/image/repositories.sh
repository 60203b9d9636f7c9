# Repositories of tiny packages in two versions, for apt (/srv/deb) and for dnf and zypper (/srv/rpm).

# NAME VERSION [FIELD of the control file] [postinst]
deb() {
  tree=$(mktemp -d)
  mkdir -p "$tree/DEBIAN" "$tree/usr/share/$1" "$tree/etc"
  echo "$2" >"$tree/usr/share/$1/version"
  echo setting=1 >"$tree/etc/$1.conf"
  echo "/etc/$1.conf" >"$tree/DEBIAN/conffiles"
  {
    printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: nobody <root@localhost>\n' "$1" "$2"
    printf 'Description: a package to try\n'
    [ -z "${3:-}" ] || echo "$3"
  } >"$tree/DEBIAN/control"
  [ -z "${4:-}" ] || printf '#!/bin/sh\n%s\n' "$4" >"$tree/DEBIAN/postinst"
  [ -z "${4:-}" ] || chmod 755 "$tree/DEBIAN/postinst"
  chmod 755 "$tree"
  dpkg-deb --root-owner-group -b "$tree" "/srv/deb/$1_$2_all.deb" >/dev/null
  rm -r "$tree"
}

# NAME VERSION-RELEASE [lines of the preamble] [lines at the end of the spec]
rpm() {
  tree=$(mktemp -d)
  cat >"$tree/spec" <<SPEC
Name: $1
Version: ${2%-*}
Release: ${2#*-}
Summary: a package to try
License: none
BuildArch: noarch
${3:-}
%description
A package to try.
%install
mkdir -p %{buildroot}/usr/share/$1 %{buildroot}/etc
echo $2 >%{buildroot}/usr/share/$1/version
echo setting=1 >%{buildroot}/etc/$1.conf
%files
%config(noreplace) /etc/$1.conf
/usr/share/$1
${4:-}
SPEC
  rpmbuild -bb --quiet --define "_topdir $tree" --define '_rpmdir /srv/rpm' "$tree/spec" 2>/dev/null
  rm -r "$tree"
}

mkdir -p /srv/deb /srv/rpm /etc/rpm /var/lib/rpm
# Debian keeps rpm's database in the home of whoever calls it.
echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros
for version in 1.0-1 1.1-1; do
  deb tuneme "$version"
  rpm tuneme "$version"
  deb second "$version"
  rpm second "$version"
done
deb tuneme-tools 2.0-1 'Depends: tuneme'
rpm tuneme-tools 2.0-1 'Requires: tuneme'
deb failing 1.0-1 '' 'echo nothing works >&2; exit 3'
rpm failing 1.0-1 '' '%pre -p <lua>
error("nothing works")'

(cd /srv/deb && apt-ftparchive packages . >Packages)
createrepo_c -q /srv/rpm
rm -rf /etc/apt/sources.list.d/* /etc/yum.repos.d/* /etc/zypp/repos.d/* /var/lib/apt/lists/*
echo 'deb [trusted=yes] file:/srv/deb ./' >/etc/apt/sources.list
mkdir -p /etc/yum.repos.d /etc/zypp/repos.d
printf '[here]\nname=here\nbaseurl=file:///srv/rpm\ngpgcheck=0\nenabled=1\n' |
  tee /etc/yum.repos.d/here.repo >/etc/zypp/repos.d/here.repo
