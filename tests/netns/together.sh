#!/usr/bin/env bash
# Tunnels of one host that all want everything: they come up and go down at the same
# time, and one is killed among the others.
#
#   host   eth0 198.51.100.2/24 ------ peer, who answers nothing
#          wg0 to wg3: default routes of both families, Forward, a table each
#
# Usage: together.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg nft pgrep
program=$(program "$1")
isolate "$@"
links=(wg0 wg1 wg2 wg3)

host host
host peer
cable host eth0 peer eth0
ip -n host addr add 198.51.100.2/24 dev eth0
ip -n host route add default via 198.51.100.1
key peer
for link in "${links[@]}"; do
	key "$link"
	(umask 077 && cat >"$work/$link.conf") <<END
[Interface]
PrivateKey = $(<"$work/$link")
Address = 10.0.0.${link#wg}/32, 2001:db8:7767::${link#wg}/128
Forward = both via eth0
[Peer]
PublicKey = $(<"$work/peer.pub")
Endpoint = 198.51.100.1:30567
AllowedIPs = 0.0.0.0/0, ::/0
END
done

# all COMMAND LINK...: for all links at once; fails when one does.
all() {
	local command=$1 link status=0
	local -a started=()
	shift
	for link in "$@"; do
		at host "$program" "$command" "$work/$link.conf" &
		started+=($!)
	done
	for link in "${started[@]}"; do
		wait "$link" || status=1
	done
	return $status
}

tables() {
	ip -n host "$1" rule | grep -o 'lookup 5182[0-9]' | sort -u | wc -l
}

# killed LINK: with no process of it left, however many it had.
killed() {
	local processes
	while processes=$(pgrep -f "$program (up|down) $work/$1.conf"); do
		# shellcheck disable=SC2086 # several
		kill -9 $processes 2>/dev/null || true
	done
}

picture host >"$work/before"
for round in 1 2 3; do
	ok "four tunnels come up at once ($round)" all up "${links[@]}"
	ok "each has a table for IPv4" test "$(tables -4)" = 4
	ok "and for IPv6" test "$(tables -6)" = 4
	ok "they go down at once" all down wg2 wg0 wg3 wg1
	ok "and nothing is left" same_picture host "$work/before"
done

ok "they come up again" all up "${links[@]}"
killed wg1
ok "three go down beside one that was killed" all down wg0 wg2 wg3
ok "which is put back later" at host "$program" down "$work/wg1.conf"
ok "and nothing is left" same_picture host "$work/before"

ok "they come up a last time" all up "${links[@]}"
killed wg2
ok "the killed one comes up again" at host "$program" up "$work/wg2.conf"
ok "and goes down" at host "$program" down "$work/wg2.conf"
ok "the others still forward" test "$(at host sysctl -n net.ipv6.conf.all.forwarding)" = 1
ok "and have their tables" test "$(tables -6)" = 3
ok "all go down" all down wg0 wg1 wg3
ok "and nothing is left" same_picture host "$work/before"
