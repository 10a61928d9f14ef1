#!/usr/bin/env bash
# A hub whose ways out differ: one link is much slower than what is sent through it. The
# other's peer loses nothing by that, and what waits for the slow link stays short, so that
# its own handshakes still get through.
#
#                       eth0 192.0.2.1/24 ------ cable ------ eth0 192.0.2.2/24     host a
#   host h  wgh 10.7.0.1                                                wga 10.7.0.2
#                       eth1 198.51.100.1/24 -- 8 Mbit/s --- eth0 198.51.100.2/24   host b
#                                                                       wgb 10.7.0.3
#
# Usage: egress.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg ping tc ss python3
program=$(program "$1")
isolate "$@"

two_hosts h a
host b
cable h eth1 b eth0
ip -n h addr add 198.51.100.1/24 dev eth1
ip -n b addr add 198.51.100.2/24 dev eth0
{ at h tc qdisc add dev eth1 root handle 1: htb default 10 &&
	at h tc class add dev eth1 parent 1: classid 1:10 htb rate 8mbit; } 2>/dev/null ||
	skip "the kernel has no sch_htb"

key b
tunnel_end h "$program" 1
tunnel_end a "$program" 2
tunnel_end b "$program" 3
outer[b]=198.51.100.2
introduce h a
introduce h b
eventually "the fast peer is there" pings h 10.7.0.2
eventually "the slow peer is there" pings h 10.7.0.3

# Some 100 Mbit/s for the slow peer, until it is killed.
ip netns exec h python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    for i in range(40):
        s.sendto(bytes(1300), ("10.7.0.3", 9))
    time.sleep(0.004)' &
flood=$!

# overflows: the slow link throws away what it has no room for.
overflows() {
	at h tc -s qdisc show dev eth1 | grep -E 'dropped [1-9]'
}

# loses_nothing: 100 pings of the fast peer, of which a machine that is busy may lose some.
loses_nothing() {
	local got
	got=$(at h ping -n -q -i 0.02 -c 100 -W 5 10.7.0.2 | grep -oE '[0-9]+ received')
	[ "${got% *}" -ge 90 ] || { echo "$got"; return 1; }
}

# is_short BYTES: no more than that waits to leave, as the kernel counts it.
is_short() {
	local waits
	waits=$(at h ss -Huan 'sport = :1001' | awk '{ n += $3 } END { print n }')
	[ "$waits" -lt "$1" ] || { echo "$waits bytes wait"; return 1; }
}

eventually "the slow link has more than it can send" overflows
ok "the fast peer loses nothing by that" loses_nothing
# 1000 packets, which its queue holds, at 2304 bytes, and groups from before.
ok "what waits for the slow link is short" is_short 8000000
kill $flood
wait $flood 2>/dev/null || true
eventually "and then the slow peer answers too" pings h 10.7.0.3
