#!/usr/bin/env bash
# A daemon's life: it is ready when its command returns, follows its link down, up and
# into another namespace, and ends when link or socket go.
#
#   host a  eth0 192.0.2.1/24 --- cable --- host b  eth0 192.0.2.2/24
#   wga 10.7.0.1/24 === tunnel === wgb 10.7.0.2/24
#   host c  has no cable at all: wga is moved into it
#
# Usage: lifecycle.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg ping ss pgrep
program=$(program "$1")
isolate "$@"

two_hosts a b
host c

no_link() {
	! ip -n "$1" link show "$2"
}

no_file() {
	[ ! -e "$1" ]
}

# In the background, as wg-quick starts it; its pid by its command line.
background() {
	at "$1" "$program" "$2" </dev/null
	pid[$2]=$(pgrep -f "$program $2\$")
}

background a wga
ok "the link is there when the command returns" ip -n a link show wga
ok "the socket is there" test -S /run/wireguard/wga.sock
ok "only its owner may use it" test "$(stat -c %a /run/wireguard/wga.sock)" = 700
refused "its name is taken" at a "$program" wga
ok "and the first daemon lives on" wg show wga
background b wgb

wg set wga private-key "$work/a" listen-port 1001 peer "$(<"$work/b.pub")" \
	allowed-ips 10.7.0.2/32 endpoint 192.0.2.2:1002
wg set wgb private-key "$work/b" listen-port 1002 peer "$(<"$work/a.pub")" \
	allowed-ips 10.7.0.1/32
ip -n b addr add 10.7.0.2/24 dev wgb
ip -n b link set wgb up
ip -n a addr add 10.7.0.1/24 dev wga
ok "a link that never was up has no socket" is_silent a 1001
ip -n a link set wga up
eventually "configured first and brought up then, it works" pings a 10.7.0.2

ip -n a link set wga down
eventually "down closes the port" is_silent a 1001
wg set wga listen-port 1011
ip -n a link set wga up
eventually "up opens the one set meanwhile" pings a 10.7.0.2
ok "which b sees" grep -q 192.0.2.1:1011 <(wg show wgb endpoints)

# The link moves where no cable is; its UDP sockets stay where they were born.
ip -n a link set wga netns c
ip -n c addr add 10.7.0.1/24 dev wga
ip -n c link set wga up
eventually "a link moved elsewhere still works" pings c 10.7.0.2
ok "both ways" pings b 10.7.0.1
ok "and its socket answers" wg show wga
ip -n c link set wga down
refused "down there is down" pings b 10.7.0.1
ip -n c link set wga up
eventually "and up there is up" pings c 10.7.0.2
ip -n c link del wga
eventually "a link deleted there ends its daemon" is_gone "${pid[wga]}"
eventually "and its socket" no_file /run/wireguard/wga.sock

background a wga
ip -n a link del wga
eventually "a link deleted at home ends its daemon" is_gone "${pid[wga]}"
eventually "and its socket" no_file /run/wireguard/wga.sock

background a wga
rm /run/wireguard/wga.sock
eventually "a socket file that is removed ends its daemon" is_gone "${pid[wga]}"
eventually "and its link" no_link a wga

for signal in TERM INT; do
	background a wga
	kill "-$signal" "${pid[wga]}"
	eventually "SIG$signal ends it" is_gone "${pid[wga]}"
	ok "with its socket" no_file /run/wireguard/wga.sock
	eventually "and its link" no_link a wga
done

background a wga
kill -KILL "${pid[wga]}"
eventually "SIGKILL leaves a stale socket" is_gone "${pid[wga]}"
ok "which is there" test -S /run/wireguard/wga.sock
eventually "its link is gone" no_link a wga
background a wga
ok "and is replaced by the next daemon" wg show wga

# The daemon of a moved link must not keep the namespace alive that it went to.
ip -n a link set wga netns c
ip -n c link set wga up
ip netns del c
eventually "a namespace that is deleted takes the link along, and its daemon" is_gone "${pid[wga]}"
eventually "and the socket" no_file /run/wireguard/wga.sock
ok "b has not noticed any of it" kill -0 "${pid[wgb]}"
