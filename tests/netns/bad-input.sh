#!/usr/bin/env bash
# Bad input on the control socket and the UDP port: an error or silence, never a
# crash, a hang, growth, or half a change. bad_input.py says which.
#
#   host a  eth0 192.0.2.1/24 --- cable --- host b  eth0 192.0.2.2/24
#   wga 10.7.0.1/24   ======= tunnel =====  wgb 10.7.0.2/24
#
# Usage: bad-input.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg ping python3
program=$(program "$1")
isolate "$@"

host a
host b
cable a eth0 b eth0
number=1
for name in a b; do
	key $name
	daemon $name "$program" wg$name
	wg set wg$name private-key "$work/$name" listen-port 1001
	ip -n $name addr add 192.0.2.$number/24 dev eth0
	ip -n $name addr add 10.7.0.$number/24 dev wg$name
	ip -n $name link set wg$name up
	number=$((number + 1))
done
wg set wga peer "$(<"$work/b.pub")" allowed-ips 10.7.0.2
wg set wgb peer "$(<"$work/a.pub")" allowed-ips 10.7.0.1 endpoint 192.0.2.1:1001
eventually "there is a session" pings b 10.7.0.1

at b "$(dirname "$0")/bad_input.py" /run/wireguard/wga.sock 192.0.2.1 1001 "${pid[wga]}"
ok "the session is as it was" pings b 10.7.0.1
ok "a is alive" wg show wga
