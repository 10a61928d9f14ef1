#!/usr/bin/env bash
# Mixed load for as long as is asked for: transfers and pings through a hub while it is
# reloaded and flooded, one peer roams, links go down and up, and the cables lose packets.
# What the daemons hold is counted after a first round of all that and at the end, both
# times at rest, and must be the same; and the tunnels must work after each round.
#
#   host b  eth0 192.0.2.2/30 --- cable --- eth0 192.0.2.1/30
#           wgb 10.7.0.2  ========== tunnel ==========  host a  wga 10.7.0.1, forwards
#   host c  eth0 198.51.100.x/24 --- cable --- eth1 198.51.100.1/24
#           wgc 10.7.0.3  ========== tunnel ==========  roams: x is 2 to 9
#
# Usage: soak.sh PROGRAM SECONDS          ($FLOOD is the built generator)
. "$(dirname "$0")/lib.sh"
need wg ping nft iperf3 "${FLOOD:-flood}"
program=$(program "$1")
isolate "$@"
seconds=$2

host a
host b
host c
cable a eth0 b eth0
cable a eth1 c eth0
ip -n a addr add 192.0.2.1/30 dev eth0
ip -n a addr add 198.51.100.1/24 dev eth1
ip -n b addr add 192.0.2.2/30 dev eth0
ip -n c addr add 198.51.100.2/24 dev eth0
at a sysctl -qw net.ipv4.ip_forward=1
for name in a b c d; do
	key $name
done

# conf HOST NUMBER [LINE...]: a file whose peers come on standard input.
conf() {
	local name=$1 number=$2
	{
		printf '[Interface]\nPrivateKeyFile = %s\nListenPort = 1001\n' "$name"
		printf 'Address = 10.7.0.%d/24\n' "$number"
		cat
	} >"$work/wg$name.conf"
	chmod 600 "$work/wg$name.conf"
}

# peer NAME ALLOWED-IPS [LINE...]
peer() {
	printf '[Peer]\nPublicKeyFile = %s.pub\nAllowedIPs = %s\n' "$1" "$2"
	shift 2
	printf '%s\n' "$@"
}

# hub [WHICH]: its file, in one of two forms.
hub() {
	{
		peer b 10.7.0.2/32
		peer c 10.7.0.3/32
		[ "${1:-1}" = 1 ] || peer d 10.7.0.4/32 "PersistentKeepalive = 1" "Endpoint = 192.0.2.2:9"
	} | conf a 1
}

tuff() {
	at "$1" "$program" "$2" "$work/wg$1.conf"
}

hub
peer a 10.7.0.0/24 "Endpoint = 192.0.2.1:1001" | conf b 2
peer a 10.7.0.0/24 "Endpoint = 198.51.100.1:1001" "PersistentKeepalive = 5" | conf c 3
for name in a b c; do
	# As the daemon of an init system: with a pid that is known.
	ip netns exec $name "$program" up -f "$work/wg$name.conf" >>"$work/wg$name.log" 2>&1 &
	pid[wg$name]=$!
	child[$!]=1
done
works() {
	pings b 10.7.0.1 && pings c 10.7.0.1 && pings b 10.7.0.3 && pings c 10.7.0.2
}
eventually "the tunnels work" works

# lose PERCENT: the hub's cables lose so many of what comes in.
lose() {
	at a nft flush ruleset
	[ "$1" != 0 ] || return 0
	at a nft add table inet loss
	at a nft add chain inet loss in '{ type filter hook prerouting priority 0; }'
	at a nft add rule inet loss in iifname '{ eth0, eth1 }' \
		numgen random mod 100 '<' "$1" drop
}

roam() {
	ip -n c addr flush dev eth0
	ip -n c addr add "198.51.100.$((2 + RANDOM % 8))/24" dev eth0
}

bounce() {
	ip -n "$1" link set "wg$1" down
	sleep 0.5
	ip -n "$1" link set "wg$1" up
}

flood() {
	ip netns exec a timeout 3 "$FLOOD" 127.0.0.1 1001 "$(<"$work/a.pub")" 10000 >/dev/null || true
}

transfer_some() {
	at b timeout 8 iperf3 -c 10.7.0.1 -t 3 -b 50M >/dev/null 2>&1 || true
	at c timeout 8 iperf3 -c 10.7.0.1 -p 5202 -u -t 2 -b 5M >/dev/null 2>&1 || true
}

event() {
	case $1 in
	0) lose 5 ;;
	1) lose 0 ;;
	2) roam ;;
	3) hub 2 && tuff a reload ;;
	4) hub 1 && tuff a reload ;;
	5) bounce b ;;
	6) bounce a ;;
	7) flood ;;
	8) lose 30 && sleep 2 && lose 0 ;;
	9) transfer_some ;;
	esac
}

# held LINK: KiB that are resident, descriptors, timers, threads, peers.
held() {
	local proc=/proc/${pid[$1]}
	printf '%s %s %s %s %s\n' "$(awk '/^VmRSS/ { print $2 }' "$proc/status")" \
		"$(find "$proc/fd" -mindepth 1 | wc -l)" \
		"$(find "$proc/fd" -lname '*timerfd*' | wc -l)" \
		"$(find "$proc/task" -mindepth 1 -maxdepth 1 | wc -l)" \
		"$(at "${1#wg}" wg show "$1" peers | wc -l)"
}

# What passes by itself has passed: buffers are given back, half-open handshakes are over.
rest() {
	lose 0
	hub 1
	tuff a reload >/dev/null
	until_true works || { echo "not ok - the tunnels work again"; exit 1; }
	sleep 15
}

at a iperf3 -s -p 5201 >/dev/null 2>&1 &
at a iperf3 -s -p 5202 >/dev/null 2>&1 &
at c ping -i 0.05 10.7.0.2 >"$work/pings" 2>&1 &
round() {
	local number
	for number in $(seq 0 9 | shuf); do
		event "$number" >/dev/null || { echo "not ok - event $number"; exit 1; }
	done
	lose 0
	until_true works || { echo "not ok - the tunnels work after a round"; exit 1; }
}

round
round
rest
declare -A before=()
for name in a b c; do
	before[$name]=$(held wg$name)
done
end=$((SECONDS + seconds))
rounds=0
while [ $SECONDS -lt $end ]; do
	round
	rounds=$((rounds + 1))
done
rest
echo "ok - $rounds rounds of everything, and the tunnels work after each"
for name in a b c; do
	after=$(held wg$name)
	echo "wg$name: KiB, descriptors, timers, threads, peers: ${before[$name]} before, $after after"
	read -r kib_before rest_before <<<"${before[$name]}"
	read -r kib_after rest_after <<<"$after"
	ok "wg$name: memory within 2 MiB" test $((kib_after - kib_before)) -lt 2048
	ok "wg$name: as many descriptors, timers, threads and peers" test "$rest_before" = "$rest_after"
done
