# --- reading -----------------------------------------------------------------------------------------------------------
# Many files are read by one head(1). It names each before its content; the names are spelt with a salt of slashes and
# dots that nobody can guess (/usr/x = //./usr/x), so no content can be taken for another file's.

k_files() { # PATH…, whose names and contents may go together
  for k_path do
    if [ -n "$k_rooted" ] || { [ ! -f "$k_path" ] && [ -e "$k_path" ]; }; then
      k_read "$k_path"
    else
      k_put "$k_path"
    fi
  done
}

k_put() { # PHYSICAL PATH: to be read with others. In two steps, since a shell copies a string to add to it
  k_few="$k_few $k_salt$1"
  [ ${#k_few} -lt 2000 ] || { k_list=$k_list$k_few k_few=; [ ${#k_list} -lt 60000 ] || k_flush; }
}

k_read() { # PATH
  k_real "$1"
  case $k_rooted in ?*) k_say m; printf '%s\0%s' "$1" "$k_out" ;; esac
  if [ -f "$k_out" ] || [ ! -e "$k_out" ]; then
    case $k_out in
      */proc/kmsg | */trace_pipe | */trace_pipe_raw) k_refuse "$1" 'it would wait for events' ;;
      *[!A-Za-z0-9_./:@%+=,-]* | */cmdline | */environ) k_alone "$1" ;;
      *) k_put "$k_out" ;;
    esac
  elif [ -d "$k_out" ]; then k_refuse "$1" 'Is a directory'
  elif [ -p "$k_out" ]; then k_refuse "$1" 'a FIFO, not a file'
  elif [ -S "$k_out" ]; then k_refuse "$1" 'a socket, not a file'
  else k_refuse "$1" 'a device, not a file'
  fi
}

k_flush() { # Read all that was put by.
  k_list=$k_list$k_few k_few=
  case $k_list in '') return ;; esac
  k_say f
  IFS=' '
  k_err=$(head -v -c "$k_limit" $k_list 2>&1 >&3)
  IFS= k_list=
  case $k_err in ?*) k_say e; k_tell ;; esac
}

k_tell() { # k_err, with the true reasons where head does not give them
  case $k_head_errors in '') printf %s "$k_err"; return ;; esac
  IFS=$k_nl
  for k_line in $k_err; do
    k_path=${k_line#head: } k_path=${k_path%: Input/output error}
    case $k_line in
      *': Input/output error') k_line="$k_path: $(cat "$k_path" 2>&1 >/dev/null)" ;;
    esac
    printf '%s\n' "$k_line"
  done
  IFS=
}

k_alone() { # PATH, found at k_out: names that head's messages do not show as they are, contents that any user can shape
  k_say o
  printf '%s\0' "$1"
  k_err=$(head -c "$k_limit" "$k_out" 2>&1 >&3)
  k_say p
  printf %s "$k_err"
}

k_refuse() { # PATH WHY
  k_say x
  printf '%s\0%s' "$1" "$2"
}

k_found() { # INDEX PATH…: what a pattern was expanded to, by the shell
  set -f
  k_probe=$1
  shift
  for k_path do
    [ ! -f "$k_path" ] || k_match "$k_path"
  done
}

k_match() { # PATH
  k_say "g $k_probe"
  printf %s "$1"
  k_read "$1"
}

k_expand() { # FOUND [PATTERN LITERAL]…: the same by hand, a part of the path at a time, so that it never leaves the root
  k_real "$1"
  case $# in 1) [ ! -f "$k_out" ] || k_match "$1"; return ;; esac
  [ -d "$k_out/" ] || return 0
  set +f
  for k_entry in "$k_out"/$2; do
    set -f
    [ ! -e "$k_entry" ] && [ ! -L "$k_entry" ] || k_deeper "${k_entry##*/}" "$@"
  done
  set -f
}

k_deeper() { # NAME FOUND PATTERN LITERAL [PATTERN LITERAL]…
  k_below=$2/$1$4
  shift 4
  k_expand "$k_below" "$@"
}

k_none() { # INDEX PHYSICAL PATH: the reading is why there is none
  k_say "n $1"
  k_words "$2" 2>&1
}

k_dir() { # INDEX PATH
  k_real "$2"
  if [ ! -d "$k_out" ] || [ ! -r "$k_out" ]; then
    k_say "n $1"
    ls "$k_out/" 2>&1 >/dev/null
    return
  fi
  k_say "d $1"
  set +f
  for k_entry in "$k_out"/* "$k_out"/.[!.]* "$k_out"/..?*; do
    if [ -e "$k_entry" ] || [ -L "$k_entry" ]; then printf '%s\0' "${k_entry##*/}"; fi
  done
  set -f
}

k_link() { # INDEX PATH
  k_real "$2" nofollow
  if [ -L "$k_out" ]; then
    k_say "l $1"
    readlink -n "$k_out"
  elif [ -e "$k_out" ]; then
    k_say "n $1"
    printf 'kvmplay: EINVAL: not a symbolic link'
  else
    k_none "$1" "$k_out"
  fi
}

k_stat() { # INDEX PATH
  k_real "$2" nofollow
  if k_out=$(stat -c '%f %s %u %g %U/%G' "$k_out" 2>&1); then k_say "s $1"; else k_say "n $1"; fi
  printf %s "$k_out"
  case $k_rooted in ?*) k_owners "$1" "$k_out" ;; esac
}

k_owners() { # INDEX STAT: who it belongs to, by the names in the root. A user who owns the root plays root in it
  case $k_out in stat:*) return ;; esac
  k_ids=${2#* * }
  k_group=${k_ids#* } k_group=${k_group%% *} k_user=${k_ids%% *}
  [ "$k_user" != "$k_uid" ] || k_user=0
  [ "$k_group" != "$k_gid" ] || k_group=0
  k_lookup passwd "$k_user"
  k_user=$k_name
  k_lookup group "$k_group"
  k_say "u $1"
  printf '%s\0%s' "$k_user" "$k_name"
}

k_digest() { # INDEX PATH
  k_real "$2"
  if [ -f "$k_out" ]; then
    k_sum=$(sha256sum <"$k_out" 2>&1) && { k_say "l $1"; printf %s "${k_sum%% *}"; return; }
    k_say "n $1"
    printf %s "$k_sum"
  elif [ -e "$k_out" ]; then
    k_say "n $1"
    printf 'kvmplay: EINVAL: not a regular file'
  else
    k_none "$1" "$k_out"
  fi
}

k_command() { # INDEX SECONDS ARGV…
  if [ -n "$k_bare" ] || ! k_find "$3"; then
    k_say "n $1"
    printf 'kvmplay: ENOENT: no such command'
  else
    k_run "$@"
  fi
}

k_run() { # INDEX SECONDS ARGV…, the program found at k_out. Sections: its stdout; its stderr, a newline and k_status
  k_index=$1 k_seconds=$2
  shift 3
  set -- "$k_out" "$@"
  k_say "c $k_index"
  k_clock
  k_began=$k_now
  # 4: where stdout goes; 5: k_out; 6: the reader of stderr; 7: k_status. Nothing that may live on holds them open, and what the
  # command leaves behind with its output is not waited for for ever.
  {
    k_out=$(
      exec 5>&1
      k_status=$(
        exec 7>&1
        {
          { k_timed "$@" 2>&6 3>&- 4>&- 5>&- 6>&- 7>&- 9<&-; printf %s $? >&7; } |
            timeout $((k_seconds + 5)) cat 3>&- 4>&- 5>&- 6>&- 7>&- 9<&- |
            head -c "$k_limit" >&4 3>&- 4>&- 5>&- 6>&- 7>&- 9<&-
        } 6>&1 | timeout $((k_seconds + 5)) head -c 65536 >&5 3>&- 4>&- 5>&- 7>&- 9<&-
      )
      printf '\n%s' "$k_status"
    )
  } 4>&1
  k_clock
  k_status=${k_out##*"$k_nl"} k_late=
  # GNU's timeout ends with 124, or 137 where it had to kill; busybox's with what the command died of.
  case $k_status in 124 | 137 | 143) [ $((k_now - k_began)) -lt "$k_seconds" ] || k_late=late ;; esac
  k_say "t $k_index $k_late"
  printf %s "$k_out"
}

k_timed() { # ARGV…: within k_seconds, and ended with all it started
  case $k_setsid in '') timeout -k 2 "$k_seconds" "$@"; return ;; esac
  # This timeout ends one process only: give it a session of its own, and end that.
  exec 8<&0
  setsid timeout -k 2 "$k_seconds" "$@" <&8 8<&- &
  k_child=$!
  exec 8<&-
  wait $k_child
  k_status=$?
  case $k_status in 137 | 143) kill -s KILL -- -$k_child 2>/dev/null ;; esac
  return $k_status
}

k_clock() { # k_now: seconds since the host was started
  k_now=0
  read -r k_now 2>/dev/null </proc/uptime
  k_now=${k_now%%.*}
}

k_probes_done() {
  k_flush
  k_say z
}
