#!/usr/bin/env bash
# A peer that does not answer: show and doctor tell apart why, as far as it can be seen,
# and the other side says who calls it in vain.
#
#   host a  eth0 192.0.2.1/24, fd00::1/64 --- cable --- host b  eth0 192.0.2.2/24, fd00::2/64
#   wga 10.7.0.1/24, a peer for each cause      wgb port 1001, wgk port 1002, on b
#
# Usage: silent.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg ping nft python3
program=$(program "$1")
isolate "$@"

pair "$program"
for name in a b; do
	number=1
	[ $name = a ] || number=2
	ip -n $name addr add fd00::$number/64 dev eth0
done
daemon b "$program" wgk
for name in k closed closed6 dropped rejected rejected6 away stranger; do
	key $name
done
wg set wgk private-key "$work/k" listen-port 1002 peer "$(<"$work/a.pub")" allowed-ips 10.7.0.1
ip -n b link set wgk addrgenmode none up
wg set wgb peer "$(<"$work/a.pub")" allowed-ips 10.7.0.1
at b nft -f - <<END
table inet filter {
	chain input {
		type filter hook input priority 0; policy accept;
		udp dport 1005 drop
		ip protocol udp udp dport 1006 reject with icmp type admin-prohibited
		ip6 nexthdr udp udp dport 1006 reject with icmpv6 type admin-prohibited
	}
}
END

# knows NAME ENDPOINT NUMBER: wga calls the peer of that key there, and goes on calling.
knows() {
	wg set wga peer "$(<"$work/$1.pub")" endpoint "$2" allowed-ips "10.7.0.$3" \
		persistent-keepalive 1
}

knows b 192.0.2.2:1001 2
eventually "a tunnel works" pings a 10.7.0.2
knows closed 192.0.2.2:1004 4
knows closed6 "[fd00::2]:1004" 14
knows dropped 192.0.2.2:1005 5
knows rejected 192.0.2.2:1006 6
knows rejected6 "[fd00::2]:1006" 16
knows away 192.0.2.99:1001 9
# wgk has another key than wga was told, so that it hears of a wrong one; and whose own key
# wgb does not know calls it.
knows stranger 192.0.2.2:1002 10
daemon a "$program" wgx
wg set wgx private-key "$work/stranger" peer "$(<"$work/b.pub")" endpoint 192.0.2.2:1001 \
	allowed-ips 10.8.0.0/24 persistent-keepalive 1
ip -n a link set wgx addrgenmode none up

# asks WHERE COMMAND TUNNEL: what it prints, and its exit status in $status.
asks() {
	status=0
	said=$(at "$1" "$program" "$2" "$3" 2>&1) || status=$?
}

# finds WHERE TUNNEL CODE TEXT: among doctor's findings is this one, on one line.
finds() {
	asks "$1" doctor "$2"
	[ "$status" = 3 ] || { echo "exit $status: $said"; return 1; }
	grep -F "$4" <<<"$said" | grep -qF "[$3]" || { echo "no [$3] with '$4' in: $said"; return 1; }
}

# tells NAME WHAT: what JSON says was reported of wga's peer of that key.
tells() {
	[ "$(field "$1" '(peer["reported"] or {}).get("what")')" = "$2" ]
}

# field NAME EXPRESSION: of wga's peer.
field() {
	at a "$program" show wga --json | python3 -c "
import json, sys
for peer in json.load(sys.stdin)['interfaces'][0]['peers']:
    if peer['public_key'] == sys.argv[1]:
        print($2)" "$(<"$work/$1.pub")"
}

eventually "a closed port is found" finds a wga no-session "nothing listens at 192.0.2.2:1004"
eventually "over IPv6 as well" finds a wga no-session "nothing listens at [fd00::2]:1004"
ok "and in JSON" tells closed port-closed
eventually "a firewall that refuses is found" \
	finds a wga no-session "a firewall refuses what is sent to 192.0.2.2:1006"
eventually "over IPv6 as well" finds a wga no-session "a firewall refuses what is sent to [fd00::2]:1006"
ok "and in JSON" tells rejected prohibited
eventually "an address that nobody has is found" \
	finds a wga no-session "no host answers at the address of 192.0.2.99:1001"
ok "and in JSON" tells away no-host
eventually "of one that drops, only silence is known" finds a wga no-session \
	"sent to 192.0.2.2:1005, no answer: a firewall, a wrong address or port"
ok "and nothing was reported" tells dropped None
ok "show says the same" at a bash -c "'$program' show wga | grep -qF 'no session: nothing listens'"
eventually "a wrong key is silence, too" finds a wga no-session "sent to 192.0.2.2:1002, no answer"
eventually "but its owner hears of it" finds b wgk wrong-key-calls "last from 192.0.2.1:1001"
ok "with the right key" asks b doctor wgk
ok "which is in the remedy" grep -qF "PublicKey = $(<"$work/k.pub")" \
	<(at b "$program" doctor wgk)
eventually "a caller that is no peer is found, with its key" \
	finds b wgb unknown-peer-calls "whose key is $(<"$work/stranger.pub")"
ok "meanwhile nothing happens to the one that works" pings a 10.7.0.2
ok "who has no trouble" [ "$(field b 'peer["initiations_unanswered"]')" = 0 ]

# Cut off under traffic: the session is there for minutes still. At first only one way, so
# that wgb calls and hears nothing, then both.
at b nft add rule inet filter input udp dport 1001 drop
at b ping -n -i 0.5 10.7.0.1 >/dev/null 2>&1 &
calling=$!
eventually "a peer that takes no answers is found" finds a wga no-answer "it calls, but takes no answer"
ok "and is found at its own end" finds b wgb no-answer "does not answer any more: "
at b nft add chain inet filter output "{ type filter hook output priority 0; }"
at b nft add rule inet filter output udp sport 1001 drop
kill "$calling"
eventually "which a firewall of its own cuts off" finds b wgb no-answer EPERM
at a ping -n -i 0.5 10.7.0.2 >/dev/null 2>&1 &
calling=$!
eventually "a peer that is cut off is found" \
	finds a wga no-answer "initiations sent to 192.0.2.2:1001, no answer"
ok "while its session lasts" [ "$(field b 'peer["session"]')" = True ]
ok "and show has a line" at a bash -c "'$program' show wga | grep -qF '  silent: '"
kill "$calling"

# mended WHERE TUNNEL: doctor finds nothing.
mended() {
	asks "$1" doctor "$2"
	[ "$status:$said" = 0: ] || { echo "exit $status: $said"; return 1; }
}
wg set wga peer "$(<"$work/stranger.pub")" remove
knows k 192.0.2.2:1002 10
eventually "who has the right key calls in vain no more" mended b wgk
