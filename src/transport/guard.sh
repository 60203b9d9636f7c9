# --- confirming --------------------------------------------------------------------------------------------------------
# A timer on the host that undoes what a run does there, unless a new connection confirms it. What it holds is in a folder
# that only root can look into: `steps` to undo, `until` when (seconds of uptime), `alive` once it runs, `decided` (a folder:
# who makes it decides), `fired` when it has undone. Sent with the frames that need it, and what the timer itself runs.
k_guards=/run/kvmplay/confirm

k_guard() { # FUNCTION ARGUMENTS…: its words are the answer
  k_out=$("$@" 2>&1)
  k_status=$?
  k_say "w $k_status"
  printf %s "$k_out"
  return $k_status
}

k_arm() { # ID SECONDS MORE NUMBER PROGRAM STEP…: NUMBER is the first step's
  k_dir=$k_guards/$1 k_seconds=$2 k_more=$3 k_number=$4 k_program=$5
  shift 5
  [ "$k_uid" = 0 ] || { k_fail EPERM 'only root can have changes undone later'; return 1; }
  umask 077
  if [ "$k_number" = 1 ]; then mkdir -p -m 700 "$k_dir/steps" || return 1; fi
  k_state
  case $k_out in armed) ;; *) printf %s "$k_out"; return 1 ;; esac
  for k_step do
    k_name=00000$k_number
    printf '%s\n' "$k_step" >"$k_dir/step" && mv -f "$k_dir/step" "$k_dir/steps/${k_name#"${k_name%??????}"}" || return 1
    k_number=$((k_number + 1))
  done
  k_until $((k_seconds + k_more)) || return 1
  [ -e "$k_dir/watch" ] || k_launch || { rm -rf "$k_dir"; return 1; }
  k_settled
  printf %s "$k_out"
  [ "$k_out" = armed ]
}

k_launch() {
  printf %s "$k_program" >"$k_dir/watch" || return 1
  # A login's processes may be ended with it; a service of its own is not.
  if [ -d /run/systemd/system ] && systemd-run -q --unit="kvmplay-confirm-${k_dir##*/}" /bin/sh "$k_dir/watch"; then :; else
    ${k_detach:-} /bin/sh "$k_dir/watch" &
  fi </dev/null >/dev/null 2>&1
  k_tries=0
  while [ ! -e "$k_dir/alive" ]; do
    k_tries=$((k_tries + 1))
    [ $k_tries -le 10 ] || { k_fail EIO 'the timer did not start'; return 1; }
    sleep 1
  done
}

k_until() { # SECONDS from now
  k_clock
  printf '%s\n' $((k_now + $1)) >"$k_dir/until.new" && mv -f "$k_dir/until.new" "$k_dir/until"
}

k_state() { # of k_dir
  if [ -e "$k_dir/fired" ]; then k_out=fired; elif [ -d "$k_dir" ]; then k_out=armed; else k_out=gone; fi
}

k_settled() { # the same, once it is decided
  k_tries=0
  while [ -d "$k_dir/decided" ] && [ ! -e "$k_dir/fired" ] && [ $k_tries -lt 5 ]; do
    sleep 1
    k_tries=$((k_tries + 1))
  done
  k_state
}

k_touch() { # ID SECONDS: a sign of life
  k_dir=$k_guards/$1
  umask 077
  [ ! -d "$k_dir" ] || k_until "$2"
  k_settled
  printf %s "$k_out"
}

k_confirm() { # ID
  k_dir=$k_guards/$1
  if mkdir "$k_dir/decided" 2>/dev/null; then
    k_pid=
    read -r k_pid 2>/dev/null <"$k_dir/alive"
    [ -z "$k_pid" ] || kill "$k_pid" 2>/dev/null
    rm -rf "$k_dir"
    k_tidy
    printf confirmed
    return
  fi
  k_tries=0 k_line=undoing
  while [ -d "$k_dir" ] && [ "$k_line" = undoing ] && [ $k_tries -lt 60 ]; do
    IFS= read -r k_line 2>/dev/null <"$k_dir/fired" || sleep 1
    [ "$k_line" != undoing ] || sleep 1
    k_tries=$((k_tries + 1))
  done
  k_state
  case $k_out in fired) printf 'fired %s' "$k_line" ;; *) printf %s "$k_out" ;; esac
}

k_forget() { # ID: what it undid is known now
  [ ! -e "$k_guards/$1/fired" ] || rm -rf "${k_guards:?}/$1"
  k_tidy
}

k_tidy() {
  rmdir "$k_guards" "${k_guards%/*}" 2>/dev/null
  :
}

k_watch() { # ID SECONDS: the timer
  k_dir=$k_guards/$1 k_id=$1 k_seconds=$2
  trap '' HUP PIPE
  umask 077
  printf '%s\n' $$ >"$k_dir/alive"
  while [ -d "$k_dir" ]; do
    if k_over && mkdir "$k_dir/decided" 2>/dev/null; then
      # There may have been a sign of life just now.
      if k_over; then k_undo; return; fi
      rmdir "$k_dir/decided"
    fi
    sleep 1
  done
}

k_over() {
  k_end=
  read -r k_end 2>/dev/null <"$k_dir/until"
  k_clock
  [ -n "$k_end" ] && [ "$k_now" -ge "$k_end" ]
}

k_undo() {
  printf 'undoing\n' >"$k_dir/fired"
  umask 022
  set +f
  set -- "$k_dir/steps"/*
  set -f
  k_at=$# k_failed=0
  while [ "$k_at" -gt 0 ]; do
    eval "k_step=\${$k_at}"
    (
      k_mark=. k_random=$$.$k_at k_limit=65536 k_list= k_few=
      . "$k_step"
    ) >/dev/null 2>&1 || k_failed=$((k_failed + 1))
    k_at=$((k_at - 1))
  done
  umask 077
  printf '%s %s %s %s\n' "$k_id" "$k_seconds" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$k_failed" >"$k_dir/fired.new"
  mv -f "$k_dir/fired.new" "$k_dir/fired"
  rm -rf "$k_dir/steps" "$k_dir/watch" "$k_dir/until" "$k_dir/alive"
}
