# --- acting ------------------------------------------------------------------------------------------------------------

k_do() { # INDEX ACTION ARGUMENTS…: do it and say how it ended; the tools' words on stderr are the reason
  k_index=$1
  shift
  # 8: the answer, for what has to say something on its way.
  { k_out=$("$@" 2>&1 >/dev/null); } 8>&1
  k_status=$?
  k_say "a $k_index $k_status"
  printf %s "$k_out"
  return $k_status
}

k_poke() { # PATH VALUE
  k_real "$1"
  [ -e "$k_out" ] || { k_words "$k_out"; return 1; }
  [ -f "$k_out" ] || { k_special "$k_out"; return 1; }
  case $k_commands in ?*) "$k_commands/.kernel" "$1" "$2" </dev/null; return ;; esac
  # dd gathers what comes through the pipe, so that it leaves in one write(2).
  printf '%s\n' "$2" 2>/dev/null | dd ibs=65536 obs=2097152 of="$k_out" $k_nocreat
}

k_special() { # PHYSICAL PATH
  if [ -d "$1" ]; then k_fail EISDIR 'Is a directory'; else k_fail EINVAL 'not a regular file'; fi
}

k_write() { # PATH text|base64|upload CONTENT|SHA256 BYTES MODE OWNER GROUP SECONDS [VALIDATE…]
  k_real "$1"
  if [ -L "$k_out" ]; then k_hops=0 k_out=; k_walk "$1"; fi
  k_at=$k_out k_dir=${k_out%/*}
  [ ! -e "$k_at" ] || [ -f "$k_at" ] || { k_special "$k_at"; return 1; }
  [ -d "$k_dir/" ] || { k_words "$k_dir/"; return 1; }
  k_tmp=$k_dir/.kvmplay.$k_random
  trap 'rm -f "$k_tmp"' EXIT
  trap 'exit 1' HUP INT PIPE TERM
  k_mode=$5 k_user=$6 k_group=$7
  case $k_mode in ?*) umask 077 ;; esac
  if [ -e "$k_at" ]; then
    [ -O "$k_at" ] || [ "$k_uid" = 0 ] || { k_fail EPERM 'it belongs to another user'; return 1; }
    # For the new content: its owner, mode, ACLs and security label.
    cp -a "$k_at" "$k_tmp" || return 1
    if [ -n "$k_mode" ] || [ ! -w "$k_tmp" ]; then
      k_mode=${5:-$(stat -c %a "$k_at")} && chmod 600 "$k_tmp" || return 1
    fi
  elif [ "$k_uid" = 0 ] && { [ "$k_gid" != 0 ] || [ -g "$k_dir/" ]; }; then
    k_user=${6:-0} k_group=${7:-0}
  fi
  case $2 in
    upload) k_upload "$3" "$4" || return 1 ;;
    *)
      if [ "$2" = base64 ]; then printf %s "$3" | base64 -d; else printf %s "$3"; fi 2>/dev/null |
        dd bs=65536 conv=fsync of="$k_tmp" || return 1 ;;
  esac
  [ "$(wc -c <"$k_tmp")" -eq "$4" ] || { k_fail EIO 'the content did not arrive whole'; return 1; }
  k_chown "$k_user" "$k_group" "$k_tmp" || return 1
  [ -z "$k_mode" ] || chmod "$k_mode" "$k_tmp" || return 1
  k_seconds=$8
  shift 8
  case $# in 0) ;; *) k_valid "$@" || return 1 ;; esac
  mv -f "$k_tmp" "$k_at" || return 1
  trap - EXIT
}

k_upload() { # SHA256 BYTES: to k_tmp
  command -v sha256sum >/dev/null || { k_fail NOTOOL 'there is no sha256sum here to check it with'; return 1; }
  # Only now is it sent; and all of it is taken, whatever becomes of it, or the shell would take the rest for commands.
  k_say "u $k_index" >&8
  head -c "$2" <&9 | { dd bs=65536 conv=fsync of="$k_tmp"; k_status=$?; cat >/dev/null; exit $k_status; } || return 1
  k_sum=$(sha256sum <"$k_tmp")
  [ "${k_sum%% *}" = "$1" ] || { k_fail EIO 'what arrived has another checksum than what was sent'; return 1; }
}

k_valid() { # ARGV…: run it with the new file's path in place of each %s
  [ -z "$k_rooted" ] || { k_fail EPERM 'no commands run in an offline root'; return 1; }
  k_count=$#
  for k_word do
    k_done=
    while :; do
      case $k_word in
        *%s*) k_done=$k_done${k_word%%\%s*}$k_tmp k_word=${k_word#*%s} ;;
        *) break ;;
      esac
    done
    set -- "$@" "$k_done$k_word"
  done
  shift $k_count
  k_err=$(k_timed "$@" </dev/null 2>&1 8>&- 9<&-) && return
  k_err="$1: ${k_err:-it failed without a word}"
  k_err=$(printf '%s\n' "$k_err" | awk 'NF && n++ < 8 { printf "%s%s", (n > 1 ? "; " : ""), $0 }')
  k_fail INVALID "the new content is not valid: $k_err"
}

k_copy() { # FROM TO
  k_real "$1"
  if [ -L "$k_out" ]; then k_hops=0 k_out=; k_walk "$1"; fi
  k_at=$k_out
  [ -e "$k_at" ] || { k_words "$k_at"; return 1; }
  [ -f "$k_at" ] || { k_special "$k_at"; return 1; }
  k_real "$2" nofollow
  [ ! -d "$k_out" ] || { k_special "$k_out"; return 1; }
  k_tmp=${k_out%/*}/.kvmplay.$k_random
  trap 'rm -f "$k_tmp"' EXIT
  trap 'exit 1' HUP INT PIPE TERM
  cp -a "$k_at" "$k_tmp" || return 1
  mv -f "$k_tmp" "$k_out" || return 1
  trap - EXIT
}

k_chown() { # OWNER GROUP PHYSICAL PATH
  if [ -z "$k_rooted" ]; then
    k_user=$1 k_group=$2
  else
    # A user who owns the root plays root in it; others nobody but root can make owner.
    [ "$k_uid" = 0 ] || return 0
    k_lookup passwd "${1:-0}" || return 1
    k_user=${1:+$k_id}
    k_lookup group "${2:-0}" || return 1
    k_group=${2:+$k_id}
  fi
  if [ -n "$k_user" ]; then chown -- "$k_user" "$3" || return 1; fi
  if [ -n "$k_group" ]; then chgrp -- "$k_group" "$3" || return 1; fi
}

k_remove() { # PATH [tree]
  k_real "$1" nofollow
  case $2 in tree) rm -rf "$k_out"; return ;; esac
  if [ -d "$k_out" ] && [ ! -L "$k_out" ]; then rmdir "$k_out"; else rm -f "$k_out"; fi
}

k_mkdir() { # PATH MODE
  k_real "$1"
  k_make "$k_out" "${2:-755}"
}

# A directory with what leads to it. Root's like all that is new, also where the parent hands down its group.
k_make() { # PHYSICAL PATH, MODE
  [ ! -d "$1" ] || return 0
  case ${1%/*} in ?*) k_make "${1%/*}" 755 || return 1 ;; esac
  mkdir -m "$2" "$1" || return 1
  if [ "$k_uid" = 0 ] && { [ "$k_gid" != 0 ] || [ -g "${1%/*}/" ]; }; then
    k_chown 0 0 "$1" && chmod "00$2" "$1"
  fi
}

k_link_to() { # PATH TARGET
  k_real "$1" nofollow
  if [ -d "$k_out" ] && [ ! -L "$k_out" ]; then k_fail EISDIR 'Is a directory'; return 1; fi
  k_tmp=${k_out%/*}/.kvmplay.$k_random
  ln -s -- "$2" "$k_tmp" || return 1
  # busybox's mv takes a link to a directory for the directory.
  mv -fT "$k_tmp" "$k_out" 2>/dev/null || { rm -f "$k_out" && mv -f "$k_tmp" "$k_out"; } || { rm -f "$k_tmp"; return 1; }
}

k_own() { # PATH MODE OWNER GROUP
  k_real "$1"
  # Looking up a user in the root walks another path.
  k_at=$k_out
  k_chown "$3" "$4" "$k_at" || return 1
  # GNU's chmod leaves a directory its set-group-ID bit, unless the mode has five digits.
  [ -z "$2" ] || chmod "00$2" "$k_at"
}

k_exec() { # INDEX SECONDS STATUSES stdin|null INPUT ARGV…
  k_index=$1 k_statuses=$3
  case $k_bare in ?*)
    k_say "a $1 1"
    printf 'kvmplay: EPERM: no commands run in an offline root'
    return 1
  esac
  k_find "$6" || { k_say "a $1 127"; printf 'kvmplay: ENOENT: no such command'; return 1; }
  k_seconds=$2 k_input=$5
  case $4 in
    null) shift 5; k_judge "x$k_index" "$k_seconds" "$@" ;;
    *) shift 5; printf %s "$k_input" 2>/dev/null | k_judge "x$k_index" "$k_seconds" "$@" ;;
  esac
}

k_judge() { # INDEX SECONDS ARGV…: run it; is its status one of those asked for?
  k_run "$@"
  case "$k_late: $k_statuses " in :*" $k_status "*) ;; *) return 1 ;; esac
}
