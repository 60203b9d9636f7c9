#!/bin/sh
# Written by kvmplay (irq_affinity): sends interrupts where /etc/kvmplay/irq_affinity says. Its lines:
#   DEVICES DRIVERS NAMES IRQS CPUS spread|together RPS XPS
# Patterns and lists have commas between; - is any, or nothing to be set.
# With a device's path and the number of its interrupt it only says whether that is one of them, as irqbalance wants to know
# (--policyscript in irqbalance(1)).
set -fu
LC_ALL=C
IFS=' ,
'
root=${KVMPLAY_ROOT:-}
only=${2:-}
nl='
'

expand() { # LIST: one by one
  out=
  for part in $1; do
    n=${part%-*}
    while [ "$n" -le "${part#*-}" ]; do out="$out $n" n=$((n + 1)); done
  done
}

among() { # WORDS, of which only those that are among these WORDS
  out= these=" $2 "
  for word in $1; do
    case $these in *" $word "*) out="$out $word" ;; esac
  done
}

matches() { # TEXT PATTERNS
  case $2 in -) return 0 ;; esac
  for pattern in $2; do
    case $1 in $pattern) return 0 ;; esac
  done
  return 1
}

pick() { # TURN CPU…: whose turn it is
  turn=$1
  shift
  shift $((turn % $#))
  out=$1
}

queue() { # NAME: the number at its end, of what stands before an @
  out=${1%%@*}
  out=${out##*[!0-9]}
  while :; do
    case $out in 0?*) out=${out#0} ;; *) break ;; esac
  done
  out=${out:-0}
}

mask() { # CPU…: in hexadecimal, as the kernel takes it
  out= last=0
  for cpu do [ "$cpu" -le "$last" ] || last=$cpu; done
  word=$((last / 32)) form=%x
  while [ "$word" -ge 0 ]; do
    bits=0
    for cpu do [ $((cpu / 32)) -ne "$word" ] || bits=$((bits | 1 << cpu % 32)); done
    out=$out$(printf "$form" "$bits")
    word=$((word - 1)) form=,%08x
  done
}

put() { # VALUE FILE: what the kernel refuses (managed interrupts) stays
  if [ -n "$only" ]; then
    [ "$2" != "/proc/irq/$only/smp_affinity_list" ] || { echo ban=true; exit 0; }
    return 0
  fi
  { printf '%s\n' "$1" >"$root$2"; } 2>/dev/null || :
}

show() { cat "$root$1" 2>/dev/null; }

nics() { # NAME DRIVER NODE IRQS NAMES, of those with hardware behind them
  set +f
  for dev in "$root"/sys/class/net/*; do
    name=${dev##*/} up=$dev/../..
    [ -f "$up/uevent" ] || continue
    # Where one interrupt is asked about, those that have others are passed over, of which each costs some processes.
    if [ -n "$only" ] && [ -d "$up/msi_irqs" ] && [ ! -e "$up/msi_irqs/$only" ]; then continue; fi
    driver=- node=- irqs= names=$name place=$up
    for line in $(cat "$up/uevent"); do
      case $line in DRIVER=*) driver=${line#DRIVER=} ;; esac
      case $line in DRIVER=virtio* | MODALIAS=virtio:*) place=$up/.. ;; esac
    done
    for at in "$up" "$up/.."; do
      case $(cat "$at/numa_node" 2>/dev/null) in '' | -*) ;; *) node=$(cat "$at/numa_node"); break ;; esac
    done
    for at in "$place"/msi_irqs/*; do [ ! -f "$at" ] || irqs=$irqs,${at##*/}; done
    # A virtual function goes with its physical one.
    for at in "$dev"/device/physfn/net/*; do [ ! -f "$at/ifindex" ] || names=$names,${at##*/}; done
    printf '%s %s %s %s %s\n' "$name" "$driver" "$node" "${irqs:--}" "$names"
  done
  set -f
}

send() { # IRQ NAME TURN CPU…
  matches "$2" "$names" || return 0
  if [ "$irqs" != - ]; then
    expand "$irqs"
    among "$1" "$out"
    [ -n "$out" ] || return 0
  fi
  irq=$1 turn=$3
  shift 3
  case $how in
    spread) pick "$turn" "$@" ;;
    *) out=$(printf ',%s' "$@") out=${out#,} ;;
  esac
  put "$out" "/proc/irq/$irq/smp_affinity_list"
}

queues() { # rx|tx FILE WHAT OFFSET CPU…
  side=$1 file=$2 what=$3 offset=$4
  shift 4
  set +f
  for at in "$root/sys/class/net/$nic/queues/$side-"*; do
    set -f
    [ -f "$at/$file" ] || continue
    case $what in
      none) out=0 ;;
      cpus)
        if [ "$side" = tx ] && [ "$how" = spread ]; then
          pick $((offset + ${at##*-})) "$@"
          mask "$out"
        else
          mask "$@"
        fi ;;
      *) expand "$what"; mask $out ;;
    esac
    put "$out" "${at#"$root"}/$file"
  done
  set -f
}

to_nic() { # NIC NODE IRQS OFFSET
  nic=$1 own=$3 offset=$4 near=
  if [ "$2" != - ]; then
    expand "$(show "/sys/devices/system/node/node$2/cpulist")"
    among "$cpus" "$out"
    near=$out
  fi
  near=${near:-$cpus} found=
  while IFS=' ' read -r number name; do
    mine=
    case $own in
      -) for part in $name; do case $part in "$nic" | "$nic"-*) mine=yes ;; esac; done ;;
      *) case ,$own, in *",$number,"*) mine=yes ;; esac ;;
    esac
    [ -n "$mine" ] || continue
    found=$found,$number
    queue "$name"
    send "$number" "$name" $((offset + out)) $near
  done <<EOF
$interrupts
EOF
  [ -n "$found" ] || missing=yes
  case $own in
    -) ;;
    *) for number in $own; do case $found, in *",$number,"*) ;; *) missing=yes ;; esac; done ;;
  esac
  [ "$rps" = - ] || queues rx rps_cpus "$rps" "$offset" $near
  [ "$xps" = - ] || queues tx xps_cpus "$xps" "$offset" $near
}

line() { # what the table says in devices, drivers, names, irqs, cpus, how, rps, xps
  expand "$(show /sys/devices/system/cpu/online)"
  online=$out
  expand "$cpus"
  among "$out" "$online"
  cpus=$out
  [ -n "$cpus" ] || return 0
  case $devices in
    default) mask $cpus; put "$out" /proc/irq/default_smp_affinity ;;
    -)
      while IFS=' ' read -r number name; do
        send "$number" "$name" "$number" $cpus
      done <<EOF
$interrupts
EOF
      ;;
    *)
      count=0
      while IFS=' ' read -r name driver node own all; do
        matches "$driver" "$drivers" || continue
        for one in $all; do
          matches "$one" "$devices" || continue
          to_nic "$name" "$node" "$own" "$count"
          count=$((count + 1))
          break
        done
      done <<EOF
$nics
EOF
      ;;
  esac
}

apply() {
  missing= nics=$(nics)
  interrupts=$(awk -v only="$only" '$1 ~ /^[0-9]+:$/ && (only == "" || $1 + 0 == only) {
    irq = $1 + 0
    sub(/[ \t]+$/, "")
    sub(/^.*[ \t][ \t]/, "")
    print irq " " $0
  }' "$root/proc/interrupts")
  # Not requested yet: it has no name.
  [ -z "$only" ] || interrupts=${interrupts:-$only -}
  while IFS=' ' read -r devices drivers names irqs cpus how rps xps; do
    case $devices in '' | '#'*) continue ;; esac
    line
  done <"$root/etc/kvmplay/irq_affinity"
}

apply
[ -z "$only" ] || exit 0
# A NIC has its interrupts when it is up.
for pause in ${KVMPLAY_PAUSES-1 2 4 8 16}; do
  [ -n "$missing" ] || break
  sleep "$pause"
  apply
done
