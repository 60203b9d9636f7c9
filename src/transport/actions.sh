# --- acting ------------------------------------------------------------------------------------------------------------

k_do() { # INDEX ACTION ARGUMENTS…: do it and say how it ended; the tools' words on stderr are the reason
  k_index=$1
  shift
  k_out=$("$@" 2>&1 >/dev/null)
  k_status=$?
  k_say "a $k_index $k_status"
  printf %s "$k_out"
  return $k_status
}

k_poke() { # PATH VALUE
  k_real "$1"
  [ -e "$k_out" ] || { k_words "$k_out"; return 1; }
  [ -f "$k_out" ] || { k_special "$k_out"; return 1; }
  # dd gathers what comes through the pipe, so that it leaves in one write(2).
  printf '%s\n' "$2" 2>/dev/null | dd ibs=65536 obs=2097152 of="$k_out" $k_nocreat
}

k_special() { # PHYSICAL PATH
  if [ -d "$1" ]; then k_fail EISDIR 'Is a directory'; else k_fail EINVAL 'not a regular file'; fi
}

k_write() { # PATH CODING CONTENT BYTES MODE OWNER GROUP
  k_real "$1"
  k_at=$k_out
  if [ -L "$k_at" ]; then
    k_at=$(readlink -fn "$k_at" && printf x) || { k_words "$k_out"; return 1; }
    k_at=${k_at%x}
  fi
  [ ! -e "$k_at" ] || [ -f "$k_at" ] || { k_special "$k_at"; return 1; }
  k_tmp=${k_at%/*}/.kvmplay.$k_random
  [ -d "${k_at%/*}/" ] || { k_words "${k_at%/*}/"; return 1; }
  trap 'rm -f "$k_tmp"' EXIT
  trap 'exit 1' HUP INT PIPE TERM
  umask 077
  k_mode=${5:-644}
  if [ -f "$k_at" ]; then
    [ -O "$k_at" ] || [ "$k_uid" = 0 ] || { k_fail EPERM 'the file is owned by another user'; return 1; }
    # Its owner, mode, ACLs and security label, for the new content.
    cp -a "$k_at" "$k_tmp" || return 1
    k_mode=$5
    [ -w "$k_tmp" ] || { k_mode=${5:-$(stat -c %a "$k_at")}; chmod u+w "$k_tmp"; }
  fi
  if [ "$2" = base64 ]; then printf %s "$3" | base64 -d; else printf %s "$3"; fi 2>/dev/null |
    dd bs=65536 conv=fsync of="$k_tmp" || return 1
  [ "$(wc -c <"$k_tmp")" -eq "$4" ] || { k_fail EIO 'the content did not arrive whole'; return 1; }
  if [ -f "$k_at" ]; then k_chown "$6" "$7" "$k_tmp"; else k_chown "${6:-0}" "${7:-0}" "$k_tmp"; fi || return 1
  [ -z "$k_mode" ] || chmod "$k_mode" "$k_tmp" || return 1
  mv -f "$k_tmp" "$k_at" || return 1
  trap - EXIT
}

k_chown() { # OWNER GROUP PHYSICAL PATH. In a root that is only a directory of a user's, nobody can be made owner
  case $k_rooted/$k_uid in yes/0) ;; yes/*) return 0 ;; esac
  if [ -n "$1" ]; then chown -- "$1" "$3" || return 1; fi
  if [ -n "$2" ]; then chgrp -- "$2" "$3" || return 1; fi
}

k_remove() { # PATH
  k_real "$1" nofollow
  if [ -d "$k_out" ] && [ ! -L "$k_out" ]; then rmdir "$k_out"; else rm -f "$k_out"; fi
}

k_mkdir() { # PATH MODE
  k_real "$1"
  [ -d "$k_out" ] || mkdir -p -m "${2:-755}" "$k_out"
}

k_link_to() { # PATH TARGET
  k_real "$1" nofollow
  if [ -d "$k_out" ] && [ ! -L "$k_out" ]; then k_fail EISDIR 'Is a directory'; return 1; fi
  k_tmp=${k_out%/*}/.kvmplay.$k_random
  ln -s -- "$2" "$k_tmp" || return 1
  mv -fT "$k_tmp" "$k_out" || { rm -f "$k_tmp"; return 1; }
}

k_own() { # PATH MODE OWNER GROUP
  k_real "$1"
  k_chown "$3" "$4" "$k_out" || return 1
  [ -z "$2" ] || chmod "$2" "$k_out"
}

k_exec() { # INDEX SECONDS STATUSES stdin|null INPUT ARGV…
  k_index=$1 k_statuses=$3
  case $k_rooted in ?*)
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
  case "$k_late $k_statuses " in " "*" $k_status "*) ;; *) return 1 ;; esac
}
