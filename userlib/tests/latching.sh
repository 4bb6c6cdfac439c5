# SPDX-License-Identifier: GPL-2.0-or-later
#
# A program that latches sockets step by step, and the wire at the other end. For scripts
# that have sourced two-ends.sh.

if [ -n "$bin" ]; then latcher=$bin/tests/latcher; else latcher=$programs/latcher; fi

# Until the connections to port 4000 are over at both ends. What comes of them afterwards follows
# the policies of the system.
connections_over()
{
	local ns
	for ns in $a $b; do
		until [ -z "$(ip netns exec $ns ss -Htn state connected exclude time-wait '( sport = :4000 or dport = :4000 )')" ]; do
			read -r -t 0.05 <> <(:)
		done
	done
}

talk() { converse "$latcher" --socket "$sock"; }
say() { ask "$1"; is "$2" "$answer" "$3"; }	# LINE NAME PATTERN
# Ask until the answer is as wanted, 10 s at most.
until_say()	# LINE PATTERN
{
	local begun
	now
	begun=$now
	while ask "$1"; do
		now
		took=$((now - begun))
		[[ $answer != $2 && $took -lt 10000 ]] || return 0
	done
}
until_event()	# PATTERN
{
	local begun
	now
	begun=$now
	while [[ $events != $1 && $((now - begun)) -lt 10000 ]]; do
		ask status
		now
	done
}
fresh() { ask "socket ${1:-4}"; ask open; }
socket_policies() { ip -n $a xfrm policy list | grep -c '^	socket'; }
drops() { A nft list set inet ipsecapi $1 | grep -c 'elements'; }

# The wire: what arrives at and leaves the other end, by a program that nobody here wrote. What
# came through a tunnel is shown again without it: then it is to be looked at where it leaves.
wire_end=$b wire_way=inout
capture()
{
	: >"$dir/wire.err"
	ip netns exec $wire_end tcpdump --immediate-mode -i v0 -Q $wire_way -U -s 200 -w "$dir/wire" 'not arp and not icmp6' 2>"$dir/wire.err" &
	tcpdump=$!
	pids+=($tcpdump)
	until grep -q listening "$dir/wire.err"; do
		kill -0 $tcpdump 2>/dev/null || return 1
		read -r -t 0.05 <> <(:)
	done
	return 0
}
captured()	# FILTER : sets $frames
{
	if tcpdump -n -r "$dir/wire" "$1" >"$dir/frames" 2>"$dir/frames.err"; then
		frames=$(wc -l <"$dir/frames")
	else
		frames="unreadable: $(tail -1 "$dir/frames.err")"
	fi
}
# All that came before it is in the file once this datagram is.
stop_capture()
{
	ip netns exec $wire_end python3 -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.sendto(b"end", ("ff02::1", 9, 0, socket.if_nametoindex("v0")))'
	until captured 'udp port 9' && [ "$frames" != 0 ]; do
		read -r -t 0.05 <> <(:)
	done
	kill -INT $tcpdump
	wait $tcpdump 2>/dev/null
}
no_clear()	# NAME
{
	captured tcp
	is "$1: no TCP in clear was on the wire" "$frames" 0
}

# A server that answers each line with the same line, and says something unasked on SIGUSR1.
serve()
{
	ip netns exec $b python3 -u -c '
import signal, socket, threading
open_now = set()
def shout(*_):
    for c in open_now:
        c.sendall(b"unasked\n")
def talk(c):
    open_now.add(c)
    try:
        for line in c.makefile("rb"):
            c.sendall(line)
    except OSError:
        pass
    open_now.remove(c)
    print("end", flush=True)
for family, address in ((socket.AF_INET, "10.77.0.2"), (socket.AF_INET6, "fd77::2")):
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, 4000))
    s.listen(64)
    def accept(s=s):
        while True:
            threading.Thread(target=talk, args=(s.accept()[0],), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
signal.signal(signal.SIGUSR1, shout)
print("listening", flush=True)
while True:
    signal.pause()
' >"$dir/served" 2>&1 &
	server=$!
	pids+=($server)
	until grep -q listening "$dir/served"; do
		read -r -t 0.05 <> <(:)
	done
}


strong_states() { states $x $y ${1:-0x1000} 1 transport aead 'rfc4106(gcm(aes))' $gcm256 128; }

