# --- guests of libvirt -------------------------------------------------------------------------------------------------

# Prints every guest's XML as it runs and as it is defined, by few processes: virsh echoes the token before each. Under -q it ends
# no line by itself. Status 75: nobody answers, and libvirt's files know of no guest.
k_guests='
k_virsh() { "$0" -q -c qemu:///system "$@"; }
k_flush() { case $k_few in ?*) k_virsh "$k_few" </dev/null ;; esac; k_few=; }
k_nobody() {
  [ "$(id -u)" = 0 ] || return 1
  case $(k_virsh uri 2>&1) in
    *"Failed to connect socket"*"No such file or directory"* | *"Failed to connect socket"*"Connection refused"*) ;;
    *) return 1 ;;
  esac
  for k_file in /etc/libvirt/qemu/*.xml /run/libvirt/qemu/*.xml; do [ ! -e "$k_file" ] || return 1; done
}
IFS="
"
k_kind=both k_few=
k_lists=$(k_virsh "list --uuid --persistent; echo \"$1$IFS\"; list --uuid --transient; echo \"$1$IFS\"; list --uuid --inactive") || { k_status=$?; k_nobody && exit 75; exit "$k_status"; }
for k_uuid in $k_lists; do
  case $k_uuid in
    "$1") case $k_kind in both) k_kind=live ;; *) k_kind=config ;; esac; continue ;;
  esac
  k_few="$k_few echo \"$1 guest$IFS\"; domname $k_uuid;"
  [ $k_kind = config ] || k_few="$k_few echo \"$1 live$IFS\"; dumpxml $k_uuid;"
  [ $k_kind = live ] || k_few="$k_few echo \"$1 config$IFS\"; dumpxml $k_uuid --inactive;"
  [ ${#k_few} -lt 60000 ] || k_flush
done
k_flush
exit 0
'

k_domains() { # INDEX SECONDS
  if [ -n "$k_bare" ] || ! k_find virsh; then
    k_say "n $1"
    printf 'kvmplay: ENOENT: no such command'
  else
    k_virsh=$k_out
    # Of a lab, whose stand-in for sh knows what modules have it do alone.
    case $k_commands in '') k_find sh ;; *) k_out=/bin/sh ;; esac
    k_run "$1" "$2" sh -c "$k_guests" "$k_virsh" "$k_random"
  fi
}

# What the guest has in the XML that virsh prints only when asked for secrets, put into another XML that has the lines around it.
# In: as it is printed without, a token, as it is printed with, a token, the other. Status 3: there is a secret left over.
k_secrets='
$0 == token { part++; next }
part == 0 { plain[++plains] = $0; next }
part == 1 { full[++fulls] = $0; next }
{ fresh[++freshes] = $0 }
function bare(line) { gsub(/ passwd=\047[^\047]*\047/, "", line); return line }
END {
  at = 0
  for (i = 1; i <= fulls; i++) {
    if (full[i] == plain[at + 1]) { at++; last = full[i] }
    else if (bare(full[i]) == plain[at + 1]) { at++; last = full[i]; kept[at] = last }
    else { last = last "\n" full[i]; kept[at] = last }
  }
  if (at != plains || 0 in kept) exit 3
  for (i = 1; i <= plains; i++) before[plain[i]]++
  for (i = 1; i <= freshes; i++) after[fresh[i]]++
  for (i = 1; i <= plains; i++) {
    nth[plain[i]]++
    if (!(i in kept)) continue
    if (before[plain[i]] != after[plain[i]]) exit 3
    put[plain[i], nth[plain[i]]] = kept[i]
  }
  for (i = 1; i <= freshes; i++) {
    line = fresh[i]
    seen[line]++
    if ((line, seen[line]) in put) line = put[line, seen[line]]
    print line
  }
}'

# Where libvirt keeps what its XML may be.
k_schema=/usr/share/libvirt/schemas/domain.rng

k_define() { # SECONDS GUEST DIGEST XML [validate]
  [ -z "$k_bare" ] || { k_fail EPERM 'no commands run in an offline root'; return 1; }
  k_find virsh || { k_fail ENOENT 'no such command'; return 1; }
  k_virsh=$k_out
  # What --confirm undoes has no frame, and no number of one.
  k_seconds=$1 k_new=$4 k_token=kvmplay.$k_random
  k_plain=$(k_timed "$k_virsh" -q -c qemu:///system dumpxml --inactive --domain "$2" 2>/dev/null) || k_no_guest "$2" || return 1
  if [ -n "$3" ]; then
    k_digest=$(printf %s "$k_plain" | sha256sum)
    [ "${k_digest%% *}" = "$3" ] ||
      { k_fail CHANGED 'somebody else has changed its XML since it was read: run it again'; return 1; }
  fi
  if [ -n "$k_plain" ]; then
    k_full=$(k_timed "$k_virsh" -q -c qemu:///system dumpxml --inactive --security-info --domain "$2") || return 1
    if [ "$k_full" != "$k_plain" ]; then
      k_new=$(printf '%s\n' "$k_plain" "$k_token" "$k_full" "$k_token" "$k_new" | awk -v token="$k_token" "$k_secrets") ||
        { k_fail SECRET 'it has a password in its XML that this change would lose: change it with virsh edit'; return 1; }
    fi
  fi
  k_held=
  [ -z "$5" ] || [ ! -f "$k_schema" ] || k_held=--validate
  k_err=$(printf '%s\n' "$k_new" | k_timed "$k_virsh" -q -c qemu:///system define /dev/stdin $k_held 2>&1 >/dev/null) && return
  printf '%s\n' "${k_err##*error: }" >&2
  return 1
}

k_no_guest() { # GUEST: is it that there is none?
  k_plain= k_err=$(k_timed "$k_virsh" -q -c qemu:///system domuuid --domain "$1" 2>&1)
  case $k_err in *'failed to get domain'*) return 0 ;; esac
  printf '%s\n' "${k_err##*error: }" >&2
  return 1
}
