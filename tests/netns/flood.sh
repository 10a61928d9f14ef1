#!/usr/bin/env bash
# A flood of initiations whose mac1 is right, from 65 536 addresses: established sessions
# keep their packets, handshakes come through in both directions, memory stays where it
# was, and the control socket answers.
#
#   host b  eth0 192.0.2.2/30 --- cable --- eth0 192.0.2.1/30
#           wgb 10.7.0.2  ===== session ====            host a  wga 10.7.0.1
#   host c  eth0 192.0.2.6/30 --- cable --- eth1 192.0.2.5/30
#           wgc 10.7.0.3  === comes during the flood ==
#   host d  eth0 192.0.2.10/30 -- cable --- eth2 192.0.2.9/30
#           lo 100.64.0.0/16: the flood
#
# Usage: flood.sh PROGRAM [PROGRAM-OF-C]       ($FLOOD is the built generator)
. "$(dirname "$0")/lib.sh"
need wg ping jq "${FLOOD:-flood}"
program=$(program "$1")
newcomer=$(program "${2:-$1}")
isolate "$@"
# Enough to be load everywhere, and for a machine that is busy with other tests, too.
# NETNS_FLOOD_RATE=100000 is what one that is at rest stands as well.
per_second=${NETNS_FLOOD_RATE:-20000}
least=95
[ -z "${NETNS_SANITIZED:-}" ] || { per_second=10000 least=50; }
pings=${NETNS_FLOOD_PINGS:-500}

host a
host b
host c
host d
cable a eth0 b eth0
cable a eth1 c eth0
cable a eth2 d eth0
ip -n a addr add 192.0.2.1/30 dev eth0
ip -n a addr add 192.0.2.5/30 dev eth1
ip -n a addr add 192.0.2.9/30 dev eth2
ip -n b addr add 192.0.2.2/30 dev eth0
ip -n c addr add 192.0.2.6/30 dev eth0
ip -n d addr add 192.0.2.10/30 dev eth0
ip -n d route add local 100.64.0.0/16 dev lo
ip -n a route add 100.64.0.0/16 via 192.0.2.10
export LOG_LEVEL=error
daemon a "$program" wga
daemon b "$program" wgb
daemon c "$newcomer" wgc
number=1
for name in a b c; do
	key $name
	wg set wg$name private-key "$work/$name" listen-port 1001
	ip -n $name addr add 10.7.0.$number/24 dev wg$name
	ip -n $name link set wg$name up
	number=$((number + 1))
done
to_b() {
	wg set wga peer "$(<"$work/b.pub")" allowed-ips 10.7.0.2 endpoint 192.0.2.2:1001
}
to_b
wg set wga peer "$(<"$work/c.pub")" allowed-ips 10.7.0.3
wg set wgb peer "$(<"$work/a.pub")" allowed-ips 10.7.0.0/24 endpoint 192.0.2.1:1001
wg set wgc peer "$(<"$work/a.pub")" allowed-ips 10.7.0.0/24 endpoint 192.0.2.5:1001
eventually "b has a session before the flood" pings b 10.7.0.1

resident() {
	awk '/^VmRSS/ { print $2 }' "/proc/${pid[wga]}/status"
}

dropped() {
	"$program" show wga --json | jq "[.. | .drops? // empty | .[\"$1\"] // 0] | add // 0"
}

under_load() {
	[ "$(dropped in-under-load)" -gt 0 ] && kill -0 "$flood"
}

# Prints how long the slowest of ten answers took; that they come at all is the test.
answers() {
	local slowest=0 start took
	for _ in {1..10}; do
		start=$(date +%s%N)
		wg show wga >/dev/null || return 1
		took=$((($(date +%s%N) - start) / 1000000))
		[ "$took" -le "$slowest" ] || slowest=$took
	done
	echo "the slowest of ten answers took $slowest ms"
}

keeps_its_packets() {
	local received
	at b ping -n -q -i 0.01 -c "$pings" -W 5 10.7.0.1 >"$work/ping" || true
	tail -n 2 "$work/ping"
	received=$(awk '/ received/ { print $4 }' "$work/ping")
	[ $((received * 100)) -ge $((pings * least)) ]
}

# A handshake of a's own: its initiation leaves and the response, which is awaited, is let
# in without a cookie. So the first try is enough.
shakes_hands_at_once() {
	wg set wga peer "$(<"$work/b.pub")" remove && to_b && at a ping -n -c 1 -W 4 10.7.0.2
}

# A new process has no session, and asks for one as a newcomer does.
start_again() {
	kill "${pid[wgb]}"
	wait "${pid[wgb]}"
	daemon b "$program" wgb
	wg set wgb private-key "$work/b" listen-port 1001 peer "$(<"$work/a.pub")" \
		allowed-ips 10.7.0.0/24 endpoint 192.0.2.1:1001
	ip -n b addr add 10.7.0.2/24 dev wgb
	ip -n b link set wgb up
}

before=$(resident)
ip netns exec d "$FLOOD" initiations 192.0.2.9 1001 "$(<"$work/a.pub")" "$per_second" \
	>"$work/flood.json" &
flood=$!
until_true under_load || fail "there is no flood"
keeps_its_packets || fail "a session keeps $least of 100 packets"
echo "ok - a session keeps $least of 100 packets"
answers || fail "the control socket answers"
echo "ok - the control socket answers"
eventually "our own handshake comes through" shakes_hands_at_once
start_again
at c ping -n -c 1 -W 1 10.7.0.1 >/dev/null || true
eventually "a peer that lost its session gets another" pings b 10.7.0.1
eventually "a newcomer gets in" pings c 10.7.0.1
ok "while the flood goes on" kill $flood
wait $flood
cat "$work/flood.json"
ok "cookies were handed out" jq -e '.cookie_replies > .sent / 10' "$work/flood.json"
ok "and nothing else" jq -e '.responses == 0 and .others == 0' "$work/flood.json"
after=$(resident)
echo "resident: $before KiB before, $after KiB after"
[ -n "${NETNS_SANITIZED:-}" ] ||
	ok "memory stayed within 4 MiB of what it was" test $((after - before)) -lt 4096

# Ticks of the processor that a's daemon has used, of 10 ms each.
ticks() {
	awk '{ print $14 + $15 }' "/proc/${pid[wga]}/stat"
}

# flood_with KIND REASON: two seconds or so of another flood, and what one of it costs,
# with all that the session costs meanwhile.
flood_with() {
	local used count
	used=$(ticks)
	count=$(dropped "$2")
	ip netns exec d "$FLOOD" "$1" 192.0.2.9 1001 "$(<"$work/a.pub")" "$per_second" \
		>"$work/flood.json" &
	flood=$!
	pings=200 keeps_its_packets || return 1
	kill $flood
	wait $flood
	cat "$work/flood.json"
	count=$(($(dropped "$2") - count))
	[ "$count" -gt 0 ] || return 1
	echo "$1: at most $((($(ticks) - used) * 10000 / count)) us of the daemon's time each"
}

flood_with cookies in-under-load || fail "a session passes a flood of forged cookies"
echo "ok - a session passes a flood of forged cookies"
ok "which open nothing" jq -e '.responses == 0 and .others == 0' "$work/flood.json"
flood_with wrong-mac1 in-mac1 || fail "a session passes a flood of wrong macs"
echo "ok - a session passes a flood of wrong macs"
ok "which nobody answers" jq -e '.cookie_replies + .responses + .others == 0' "$work/flood.json"
