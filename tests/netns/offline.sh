#!/usr/bin/env bash
# Peers that are not there: whatever waits for them, or they are asked, the one that is
# there notices nothing of it.
#
#   host hub   eth0 192.0.2.1/24 --- cable --- host live  eth0 192.0.2.2/24
#              wghub 10.7.0.1                              wglive 10.7.0.2
#              198.18.0.0/15, where its other peers are said to be, by way of live,
#              which drops it; and behind them, one address each, 10.18.0.0/16
#
# Usage: offline.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg ping
program=$(program "$1")
isolate "$@"
export LOG_LEVEL=error

two_hosts hub live
ip -n hub route add 198.18.0.0/15 via 192.0.2.2
ip -n live route add blackhole 198.18.0.0/15
tunnel_end hub "$program" 1
tunnel_end live "$program" 2
ip -n hub route add 10.18.0.0/16 dev wghub

# absent FROM TO [LINE]: peers that nobody is, for wg addconf.
absent() {
	local i
	for ((i = $1; i < $2; i++)); do
		printf '[Peer]\nPublicKey = %08dkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk=\n' "$i"
		printf 'Endpoint = 198.18.%d.%d:1001\n' $((i / 250)) $((i % 250 + 1))
		printf 'AllowedIPs = 10.18.%d.%d/32\n%s\n' $((i / 250)) $((i % 250 + 1)) "${3:-}"
	done
}

# Datagrams to each of the first 200 of them, more than a peer's may wait.
send_to_all() {
	local i k
	for ((i = 0; i < 200; i++)); do
		exec 3>"/dev/udp/10.18.0.$((i + 1))/9"
		for ((k = 0; k < 130; k++)); do echo >&3; done
		exec 3>&-
	done
}

no_loss() {
	at "$1" ping -n -q -i 0.02 -c 100 -W 5 "$2" | grep ' 0% packet loss'
}

wg addconf wghub <(absent 0 200)
wg set wghub peer "$(<"$work/live.pub")" allowed-ips 10.7.0.2 endpoint 192.0.2.2:1001
wg set wglive peer "$(<"$work/hub.pub")" allowed-ips 10.7.0.0/24 endpoint 192.0.2.1:1001
export -f send_to_all
ok "packets are sent to 200 peers that are not there" at hub bash -c send_to_all
patience=4
eventually "the one that is there shakes hands" pings hub 10.7.0.2
ok "and gets all of its packets, while theirs wait" no_loss hub 10.7.0.2

# Its session goes, and it has to begin anew among 3000 that are asked again and again.
wg set wglive peer "$(<"$work/hub.pub")" remove
wg set wghub peer "$(<"$work/live.pub")" remove
wg addconf wghub <(absent 200 3200 "PersistentKeepalive = 25")
wg set wghub peer "$(<"$work/live.pub")" allowed-ips 10.7.0.2 endpoint 192.0.2.2:1001
wg set wglive peer "$(<"$work/hub.pub")" allowed-ips 10.7.0.0/24 endpoint 192.0.2.1:1001
at live ping -n -q -c 1 -W 4 10.7.0.1 >"$work/first" || fail "it gets in at once, by its first try"
echo "ok - it gets in at once, by its first try"
ok "it loses nothing among 3000 that are asked again and again" no_loss live 10.7.0.1
wg set wghub peer "$(<"$work/live.pub")" remove
wg set wghub peer "$(<"$work/live.pub")" allowed-ips 10.7.0.2 endpoint 192.0.2.2:1001
at hub ping -n -q -c 1 -W 4 10.7.0.2 >"$work/first" || fail "it is called at once, by the first try"
echo "ok - it is called at once, by the first try"
