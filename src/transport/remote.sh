# What runs on a host: read once by its sh when a session begins, then used by every frame. It has to work in dash, bash
# called as sh, and busybox ash, with the GNU tools or busybox's. Blank lines and comments are not sent.
# Functions and variables are named k_*; what a function finds out is in k_out.

# What the environment may have brought: options, aliases, functions, variables, and what a bash was told by BASHOPTS.
set +aCemuvx
set -f
unalias -a
unset -f base64 cat cd chgrp chmod chown command cp dd head id ln ls mkdir mv printf pwd read readlink
unset -f rm rmdir setsid stat timeout wc
for k_name in ENV BASH_ENV CDPATH GLOBIGNORE GREP_OPTIONS LANGUAGE POSIXLY_CORRECT TMOUT; do
  # By way of `command`, or a variable that is read-only would end the shell.
  command unset "$k_name" 2>/dev/null
done
case ${BASH_VERSION-} in
  ?*)
    set +o pipefail
    shopt -u dotglob extglob failglob globstar nocaseglob nocasematch nullglob
    ;;
esac
LC_ALL=C PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
export LC_ALL PATH
umask 022
cd /
IFS=
k_nl='
'

k_boot() { # ROOT: look round; answer one line that says whether this host will do
  k_missing=
  for k_tool in base64 cat chgrp chmod chown cp dd head id ln ls mkdir mv readlink rm rmdir stat timeout wc; do
    command -v "$k_tool" >/dev/null || k_missing="$k_missing $k_tool"
  done
  case $k_missing in ?*) k_ready "missing$k_missing"; return ;; esac
  k_uid=$(id -u) k_gid=$(id -g)
  k_root= k_rooted= k_parent=none k_bare= k_commands=
  case $1 in ?*)
    k_root=$(cd -P -- "$1" && pwd && printf x) || { k_ready noroot; return; }
    k_root=${k_root%??} k_root=${k_root%/}
    k_rooted=yes k_commands=${KVMPLAY_COMMANDS-}
    # A root is not started, so none of its commands run; a lab brings stand-ins that know of this root alone.
    [ -n "$k_commands" ] || k_bare=yes
  esac
  # No O_CREAT where dd can be told so; a session of its own for a command where timeout ends one process only.
  k_nocreat= k_setsid=
  dd conv=nocreat count=0 </dev/null >/dev/null 2>&1 && k_nocreat=conv=nocreat
  timeout --foreground 9 true 2>/dev/null || k_setsid=$(command -v setsid)
  # busybox's head calls every read error EIO.
  k_head_errors=
  head --version >/dev/null 2>&1 || k_head_errors=vague
  k_detach=$(command -v setsid)
  k_notes
  k_ready "ready $k_uid$k_out"
}

k_notes() { # what timers undid here, and nobody knows of yet
  k_out=
  case $k_rooted in ?*) return ;; esac
  [ -d /run/kvmplay/confirm ] && [ -r /run/kvmplay/confirm ] || return 0
  set +f
  for k_entry in /run/kvmplay/confirm/*/fired; do
    if [ -r "$k_entry" ] && read -r k_line <"$k_entry"; then k_out="$k_out;$k_line"; fi
  done
  set -f
}

k_ready() {
  printf '\n%s%s %s\n' "$k_nonce1" "$k_nonce2" "$1"
}

# --- frames ------------------------------------------------------------------------------------------------------------

k_say() { # HEADER: begin a section; what is printed until the next one is its body
  printf '\n%s %s\n' "$k_mark" "$1"
}

k_fail() { # ERRNO WORDS: in the form that the tools' own messages have
  printf 'kvmplay: %s: %s\n' "$1" "$2" >&2
  return 1
}

# --- paths -------------------------------------------------------------------------------------------------------------

k_real() { # PATH [nofollow]: where to find it. Under a root, links are followed inside it, so no path leaves it
  k_out=$1
  case $k_rooted in '') return ;; esac
  k_hops=0
  if [ "${1%/*}" != "$k_parent" ]; then
    k_parent=${1%/*} k_out=$k_root
    k_walk "$k_parent"
    k_parent_at=$k_out
  fi
  k_out=$k_parent_at
  k_walk "${1##*/}" "$2"
}

k_walk() { # PATH [nofollow]: from k_out on
  k_rest=$1
  while :; do
    case $k_rest in
      '') return ;;
      /*) k_rest=${k_rest#/}; continue ;;
      */*) k_part=${k_rest%%/*} k_rest=${k_rest#*/} ;;
      *) k_part=$k_rest k_rest= ;;
    esac
    case $k_part in
      .) continue ;;
      ..) [ "$k_out" = "$k_root" ] || k_out=${k_out%/*}; continue ;;
    esac
    if [ ! -L "$k_out/$k_part" ] || [ "$k_rest:$2" = :nofollow ]; then
      k_out=$k_out/$k_part
    else
      k_hops=$((k_hops + 1))
      # The kernel follows no more either. Where nothing can be, inside the root or out of it:
      [ $k_hops -le 40 ] || { k_out=/dev/null/loop k_rest=; return; }
      k_to=$(readlink -n "$k_out/$k_part"; printf x)
      case $k_to in /*) k_out=$k_root ;; esac
      k_rest=${k_to%x}/$k_rest
      k_rest=${k_rest%/}
    fi
  done
}

k_lookup() { # passwd|group NAME-OR-ID: k_id and k_name as the root's own file has them
  k_real "/etc/$1"
  [ ! -r "$k_out" ] || while IFS=: read -r k_name k_rest; do
    k_id=${k_rest#*:} k_id=${k_id%%:*}
    case $2 in "$k_name" | "$k_id") return 0 ;; esac
  done <"$k_out"
  k_name=$2 k_id=$2
  case $2 in 0 | root) k_name=root k_id=0 ;; *[!0-9]*) k_fail NONE "there is no $2 in the root's /etc/$1" ;; esac
}

k_words() { # PHYSICAL PATH: say in the system's words why nothing can be found there
  stat "$1" >/dev/null
  return 1
}

k_find() { # NAME: the file that a command's name stands for
  case $k_commands in ?*)
    k_out=$k_commands/${1##*/}
    [ -n "$1" ] && [ -x "$k_out" ]
    return
  esac
  case $1 in
    */*) k_out=$1; [ -f "$1" ] && [ -x "$1" ]; return ;;
    '') return 1 ;;
  esac
  k_rest=$PATH:
  while [ -n "$k_rest" ]; do
    k_out=${k_rest%%:*}/$1 k_rest=${k_rest#*:}
    [ -f "$k_out" ] && [ -x "$k_out" ] && return 0
  done
  return 1
}
