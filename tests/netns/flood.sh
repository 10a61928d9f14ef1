#!/usr/bin/env bash
# A flood of initiations whose mac1 is right: established sessions keep their packets,
# who answers a cookie gets in, and memory stays where it was.
#
#   host b  eth0 192.0.2.2/30 --- cable --- eth0 192.0.2.1/30
#           wgb 10.7.0.2  ===== session ====            host a  wga 10.7.0.1
#   host c  eth0 192.0.2.6/30 --- cable --- eth1 192.0.2.5/30
#           wgc 10.7.0.3  === comes during the flood ==         flood from 127.0.0.1
#
# Usage: flood.sh PROGRAM [PROGRAM-OF-C]       ($FLOOD is the built generator)
. "$(dirname "$0")/lib.sh"
need wg ping jq ss "${FLOOD:-flood}"
program=$(program "$1")
newcomer=$(program "${2:-$1}")
isolate "$@"
per_second=10000
tolerated=0
[ -z "${NETNS_SANITIZED:-}" ] || tolerated='([0-9]|[0-4][0-9])(\.[0-9]+)?'
pings=${NETNS_FLOOD_PINGS:-500}

host a
host b
host c
cable a eth0 b eth0
cable a eth1 c eth0
ip -n a addr add 192.0.2.1/30 dev eth0
ip -n a addr add 192.0.2.5/30 dev eth1
ip -n b addr add 192.0.2.2/30 dev eth0
ip -n c addr add 192.0.2.6/30 dev eth0
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
wg set wga peer "$(<"$work/b.pub")" allowed-ips 10.7.0.2 peer "$(<"$work/c.pub")" allowed-ips 10.7.0.3
wg set wgb peer "$(<"$work/a.pub")" allowed-ips 10.7.0.0/24 endpoint 192.0.2.1:1001
wg set wgc peer "$(<"$work/a.pub")" allowed-ips 10.7.0.0/24 endpoint 192.0.2.5:1001
eventually "b has a session before the flood" pings b 10.7.0.1

resident() {
	awk '/^VmRSS/ { print $2 }' "/proc/${pid[wga]}/status"
}

under_load() {
	[ "$(at a ss -Hun 'dst 127.0.0.1' | wc -l)" -gt 0 ] && kill -0 "$flood"
}

# None of them lost; under sanitizers, which a flood does overrun, few.
lossless() {
	at b ping -n -q -i 0.01 -c "$pings" -W 5 10.7.0.1 >"$work/ping" || return 1
	grep -E " $tolerated% packet loss" "$work/ping" || { cat "$work/ping" && return 1; }
}

before=$(resident)
ip netns exec a "$FLOOD" 127.0.0.1 1001 "$(<"$work/a.pub")" "$per_second" \
	>"$work/flood.json" &
flood=$!
until_true under_load || fail "there is no flood"
ok "a session loses no packet" lossless
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
