#!/usr/bin/env bash
# An nftables that takes its time: while `up` and `reload` change the firewall's rules, the
# tunnel answers, and passes packets; and it can be ended.
#
#   client eth0 192.0.2.2/24 --- cable --- uplink eth0 192.0.2.1/24, lo 203.0.113.9
#   client wgc 10.7.0.2/32, default route === tunnel === uplink wgs
#
# Usage: slow-nftables.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg ping nft pgrep
program=$(program "$1")
isolate "$@"

two_hosts uplink client
ip -n uplink addr add 203.0.113.9/32 dev lo
ip -n client route add default via 192.0.2.1

# client_file [ADDRESS...]: what the client is, with these besides.
client_file() {
	cat >"$work/wgc.conf" <<-END
		[Interface]
		PrivateKeyFile = client
		Address = 10.7.0.2/32
		$(printf 'Address = %s\n' "$@")
		[Peer]
		PublicKeyFile = uplink.pub
		Endpoint = 192.0.2.1:30567
		AllowedIPs = 0.0.0.0/0
	END
}

cat >"$work/wgs.conf" <<END
[Interface]
PrivateKeyFile = uplink
ListenPort = 30567
[Peer]
PublicKeyFile = client.pub
AllowedIPs = 10.7.0.0/24
END

# slowly, soon: from now on.
slowly() {
	rm -f "$work/hold.seen"
	touch "$work/hold"
}

soon() {
	rm "$work/hold"
}

at_work() {
	test -e "$work/hold.seen"
}

has_address() {
	ip -n client addr show dev wgc | grep -q "inet $1/32"
}

lacks_address() {
	! has_address "$1"
}

# ends SENTENCE PID: the command that was started ends well.
ends() {
	wait "$2" || { cat "$work"/*.err; fail "$1"; }
	echo "ok - $1"
}

picture client >"$work/client.before"
at uplink "$program" up "$work/wgs.conf"
client_file
slowly
at client env "LD_LIBRARY_PATH=${NFTABLES_LIBRARY%/*}" "SLOW_NFTABLES=$work/hold" \
	"$program" up "$work/wgc.conf" 2>"$work/up.err" &
up=$!
eventually "up waits for nftables" at_work
ok "and answers meanwhile" at client "$program" show wgc
ok "before it sends anything into the tunnel" bash -c "[ -z \"\$(ip -n client rule show from all table 30567)\" ] &&
	! ip -n client rule | grep -q 'not from all fwmark'"
soon
ends "then it comes up" $up
eventually "packets pass" pings client 203.0.113.9

slowly
client_file 10.7.0.3/32
at client "$program" reload "$work/wgc.conf" 2>"$work/first.err" &
first=$!
eventually "a reload waits for nftables" at_work
ok "while packets pass" pings client 203.0.113.9
ok "and nothing has changed yet" lacks_address 10.7.0.3
client_file 10.7.0.3/32 10.7.0.4/32
at client "$program" reload "$work/wgc.conf" 2>"$work/second.err" &
second=$!
until_true pgrep -f "$program reload" || fail "there is no second reload"
soon
ends "the reload is done" $first
ends "and one that was asked for meanwhile, too" $second
ok "with what the file said by then" has_address 10.7.0.4
ok "and packets pass" pings client 203.0.113.9

slowly
client_file 10.7.0.5/32
at client "$program" reload "$work/wgc.conf" 2>"$work/third.err" &
third=$!
eventually "another one waits" at_work
rm "$work/hold.seen"
at client "$program" down wgc 2>"$work/down.err" &
down=$!
eventually "down ends what it waits for, and takes the rules away" at_work
! wait $third || fail "the reload that was ended says that it is done"
echo "ok - the reload says that it was not done"
soon
ends "the tunnel ends" $down
ok "and nothing is left" same_picture client "$work/client.before"
at uplink "$program" down wgs
