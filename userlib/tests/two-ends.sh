# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two network namespaces over veth, the broker in one of them, and SAs and policies
# between them. For scripts that are called with [--no-esp] [BIN-DIRECTORY] and print
# TAP; they source this file, then call begin.

want_esp=1
[ "${1:-}" != --no-esp ] || { want_esp= && shift; }
bin=${1:-}
if [ -n "$bin" ]; then
	broker="$bin/ipsecapid --defaults $bin/policy.conf" tool=$bin/ipsecapi
	programs=$bin
	export LD_LIBRARY_PATH=$bin
else
	broker=ipsecapid tool=ipsecapi
	programs=/usr/lib/ipsecapi
fi
user=1000
a=iat-a b=iat-b
enter="ip netns exec $a"	# how the broker gets there
dir=$(mktemp -d) sock=$dir/run/broker.sock
chmod 755 "$dir"
pids=() n=0 failed=0
gcm256=0x$(printf '%072d' 7) gcm128=0x$(printf '%040d' 7) aes256=0x$(printf '%064d' 7)
sha1=0x$(printf '%040d' 8) sha256=0x$(printf '%064d' 8)

finish()
{
	exec 7>&- 8<&-
	kill "${pids[@]}" 2>/dev/null
	wait 2>/dev/null
	ip netns del $a 2>/dev/null
	ip netns del $b 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT

ok() { n=$((n + 1)); echo "ok $n - $1"; }
nok() { n=$((n + 1)); failed=$((failed + 1)); echo "not ok $n - $1"; shift; printf '# %s\n' "$@"; }
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }
is() { if [[ $2 == $3 ]]; then ok "$1"; else nok "$1" "wanted: $3" "got:    $2"; fi; }

A() { ip netns exec $a "$@"; }
B() { ip netns exec $b "$@"; }
as_user() { A setpriv --reuid $user --regid $user --clear-groups "$@"; }

# A conversation with an unprivileged program: lines to it, lines from it.
converse()	# PROGRAM ARGUMENT...
{
	hang_up
	mkfifo "$dir/in" "$dir/out"
	as_user "$@" <"$dir/in" >"$dir/out" 2>"$dir/err" &
	talker=$!
	pids+=($talker)
	exec 7>"$dir/in" 8<"$dir/out"
	events=
}
hang_up()
{
	[ -n "${talker:-}" ] || return
	exec 7>&- 8<&-
	wait "$talker" 2>/dev/null
	talker=
	rm -f "$dir/in" "$dir/out"
}
# Send a line and set $answer to the line that answers it; events go to $events.
ask()	# LINE
{
	echo "$1" >&7
	while IFS= read -r -t 20 answer <&8; do
		[[ $answer == event* ]] || return 0
		events+="${answer#event?} "
	done
	answer="nothing: $(cat "$dir/err")"
}

# Milliseconds of CLOCK_BOOTTIME, without a process.
now()
{
	local up
	read -r up _ </proc/uptime
	now=$((10#${up/./} * 10))
}
start_broker()
{
	$enter $broker --socket "$sock" --user nobody 7>&- 8<&- &
	broker_pid=$!
	pids+=($broker_pid)
	until A "$tool" --socket "$sock" status >/dev/null 2>&1; do
		kill -0 $broker_pid 2>/dev/null || return 1
		read -r -t 0.05 <> <(:)
	done
	return 0
}

clear_ipsec()
{
	local ns
	for ns in $a $b; do
		ip -n $ns xfrm policy flush
		ip -n $ns xfrm state flush
	done
}

window=64
state()	# NAMESPACE SRC DST SPI REQID MODE ALGORITHM...
{
	local ns=$1 src=$2 dst=$3 spi=$4 reqid=$5 mode=$6
	shift 6
	ip -n $ns xfrm state add src $src dst $dst proto esp spi $spi reqid $reqid \
		mode $mode replay-window $window "$@"
}
# SAs in both directions at both ends; SPIs from BASE.
states()	# X Y BASE REQID MODE ALGORITHM...
{
	local x=$1 y=$2 base=$3 ns
	shift 3
	for ns in $a $b; do
		state $ns $x $y $((base)) "$@" && state $ns $y $x $((base + 1)) "$@" || return 1
	done
}
policies()	# X Y REQID MODE [OUTER-X OUTER-Y]
{
	local x=$1 y=$2 reqid=$3 mode=$4 ox=${5:-$1} oy=${6:-$2}
	local t="proto esp reqid $reqid mode $mode"
	ip -n $a xfrm policy add src $x dst $y dir out tmpl src $ox dst $oy $t &&
	ip -n $a xfrm policy add src $y dst $x dir in tmpl src $oy dst $ox $t &&
	ip -n $b xfrm policy add src $y dst $x dir out tmpl src $oy dst $ox $t &&
	ip -n $b xfrm policy add src $x dst $y dir in tmpl src $ox dst $oy $t
}

set_up()
{
	ip netns add $a && ip netns add $b || return 1
	ip -n $a link set lo up
	ip -n $b link set lo up
	ip -n $a link add v0 type veth peer name v0 netns $b
	ip netns exec $a sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.v0.accept_dad=0
	ip netns exec $b sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.v0.accept_dad=0
	local i=1 ns
	for ns in $a $b; do
		ip -n $ns link set v0 up
		ip -n $ns addr add 10.77.0.$i/24 dev v0
		ip -n $ns addr add fd77::$i/64 dev v0 nodad
		i=$((i + 1))
	done
	# Answers of a closed port would end the conversation.
	start_broker
}
x=10.77.0.1 y=10.77.0.2 x6=fd77::1 y6=fd77::2

begin()
{
	if ! set_up 2>"$dir/setup"; then
		echo "Bail out! cannot set up: $(tr '\n' ' ' <"$dir/setup")"
		exit 1
	fi
	if state $a $x $y 9 9 transport aead 'rfc4106(gcm(aes))' $gcm256 128 2>"$dir/esp"; then
		esp=1
	else
		esp=
	fi
	clear_ipsec
}
