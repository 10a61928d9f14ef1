#!/usr/bin/env bash
# `tuff reload`: what a file no longer has is put back, and nothing of a running transfer
# is lost while a thousand peers come and go.
#
#   host a  eth0 192.0.2.1/24 --- cable --- host b  eth0 192.0.2.2/24
#   wga 10.7.0.1/24 === tunnel === wgb 10.7.0.2/24
#
# Usage: reload.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg ping nft pgrep tcpdump python3
program=$(program "$1")
isolate "$@"
megabytes=${NETNS_MEGABYTES:-200}

two_hosts a b
ip -n a route add default via 192.0.2.2

# conf HOST [LINE...]: its file, with these lines in [Interface], and its peer; what
# comes on standard input goes behind that.
conf() {
	local host=$1 other=b n=1
	[ "$host" = a ] || { other=a n=2; }
	shift
	{
		printf '[Interface]\nPrivateKeyFile = %s\nListenPort = 100%d\n' "$host" $n
		printf 'Address = 10.7.0.%d/24\n' $n
		printf '%s\n' "$@"
		printf '[Peer]\nPublicKeyFile = %s.pub\nEndpoint = 192.0.2.%d:100%d\n' \
			$other $((3 - n)) $((3 - n))
		printf 'AllowedIPs = 10.7.0.%d/32\n' $((3 - n))
		cat
	} >"$work/wg$host.conf"
	chmod 600 "$work/wg$host.conf"
}

tuff() {
	at "$1" "$program" "$2" "$work/wg$1.conf"
}

conf a </dev/null
conf b </dev/null
ok "a comes up" tuff a up
ok "b comes up" tuff b up
eventually "the tunnel works" pings a 10.7.0.2

# there_and_back WHAT [LINE...]: a reload with the lines changes the host, and one without
# them puts it back as it was.
there_and_back() {
	local what=$1
	shift
	picture a >"$work/before"
	conf a "$@"
	ok "$what: a reload" tuff a reload
	refused "$what: is there" same_picture a "$work/before"
	ok "$what: the tunnel works" pings a 10.7.0.2
	conf a </dev/null
	ok "$what: a reload without it" tuff a reload
	ok "$what: is gone" same_picture a "$work/before"
	ok "$what: and the tunnel works" pings a 10.7.0.2
}

peer() {
	printf '[Peer]\nPublicKey = %s\nAllowedIPs = %s\n' "$(wg genkey | wg pubkey)" "$1"
}

there_and_back "another address" 'Address = 2001:db8:7767::1/64' </dev/null
there_and_back "a route" 'Route = 10.9.0.0/16 metric 7' </dev/null
there_and_back "a next hop behind another route" \
	'Route = 10.9.0.0/24 via 10.8.0.1, 10.8.0.0/16' </dev/null
there_and_back "another MTU" 'MTU = 1300' </dev/null
there_and_back "a parameter" 'Sysctl = net.ipv6.conf.eth0.hop_limit=65' </dev/null
there_and_back "forwarding" 'Forward = both via eth0' </dev/null
there_and_back "a peer's route" < <(peer '10.8.0.0/16, 2001:db8:7767::/64')
there_and_back "an answer to neighbours" 'ProxyNDP = eth0' < <(peer 2001:db8:7767::3/128)
there_and_back "a default route" < <(peer '0.0.0.0/0, ::/0')
there_and_back "a table" 'Table = 77' </dev/null

# routes TEXT: what host a has for the two destinations of the file, one below the other.
routes() {
	diff <(printf '%s\n' "$@") <(ip -n a route show 10.9.0.0/16 | sed 's/ *$//'
		ip -n a -6 route show 2001:db8:9::/48 | sed -E 's/ pref .*//')
}

# A route's next hop changes, comes and goes; and a route that somebody else put in its
# place is not taken away.
picture a >"$work/before"
at a ip monitor route >"$work/monitor" &
monitor=$!
for via in ' via 10.7.0.2/ via 2001:db8:7::2' ' via 10.7.0.3/ via 2001:db8:7::3' / \
	' via 10.7.0.2/ via 2001:db8:7::2'; do
	conf a 'Address = 2001:db8:7::1/64' "Route = 10.9.0.0/16${via%/*} metric 7" \
		"Route = 2001:db8:9::/48${via#*/} metric 7" </dev/null
	ok "next hops '$via': a reload" tuff a reload
	scope=' scope link'
	[ "$via" = / ] || scope=''
	ok "next hops '$via': are there" routes "10.9.0.0/16${via%/*} dev wga proto static$scope metric 7" \
		"2001:db8:9::/48${via#*/} dev wga proto static metric 7"
done
kill "$monitor"
refused "no route was missing meanwhile" grep -E '^Deleted (10.9.0.0/16|2001:db8:9::/48)' "$work/monitor"
conf a </dev/null
ok "next hops: a reload without" tuff a reload
ok "next hops: are gone" same_picture a "$work/before"
conf a 'Route = 10.9.0.0/16 via 10.7.0.2' </dev/null
ok "a next hop: a reload" tuff a reload
ip -n a route replace 10.9.0.0/16 via 192.0.2.2 proto static
conf a 'Route = 10.9.0.0/16 via 10.7.0.3' </dev/null
refused "another program's route in its place: a reload" tuff a reload
ok "another program's route: is left alone" routes '10.9.0.0/16 via 192.0.2.2 dev eth0 proto static'
ip -n a route del 10.9.0.0/16
conf a </dev/null
tuff a reload
ok "another program's route: all is as it was" same_picture a "$work/before"

# workers N: whether so many threads of a run jobs.
workers() {
	local engine
	engine=$(engine_of "$(pgrep -f "$program up $work/wga.conf")")
	[ "$(cat /proc/"$engine"/task/*/comm | grep -cx tuff-worker)" = "$1" ]
}

for n in 3 1 0; do
	conf a "Workers = $n" </dev/null
	tuff a reload
	eventually "$n workers" workers $n
	ok "$n workers: the tunnel works" pings a 10.7.0.2
done

picture a >"$work/before"
conf a 'Sysctl = net.ipv6.conf.eth0.hop_limit=65' </dev/null
tuff a reload
conf a 'Sysctl = net.ipv6.conf.eth0.hop_limit=66' </dev/null
tuff a reload
ok "a parameter changes" test "$(at a sysctl -n net.ipv6.conf.eth0.hop_limit)" = 66
conf a </dev/null
kill -HUP "$(pgrep -f "$program up $work/wga.conf")"
eventually "SIGHUP is reload" same_picture a "$work/before"

# A transfer from b to a; peers and allowed IPs of both change on its way. What would tell
# that something got lost: another index of the session, a handshake, a datagram that was
# not received, or TCP that sends again.

# counter HOST PROTOCOL NAME: of the kernel's, for all of the host.
counter() {
	at "$1" python3 - "$2:" "$3" <<-'END'
		import sys
		rows = [line.split() for line in open("/proc/net/snmp")]
		names, values = [row for row in rows if row[0] == sys.argv[1]]
		print(dict(zip(names, values))[sys.argv[2]])
	END
}

# receiver_index: what b puts into its data messages to a (protocol: bytes 4 to 7).
receiver_index() {
	ip netns exec a timeout "$deadline" tcpdump -c 1 -i eth0 -nnxl \
		'src 192.0.2.2 and udp[8] = 4' 2>/dev/null >"$work/index" &
	local capture=$!
	until_true sends_while $capture
	python3 - "$work/index" <<-'END'
		import re, sys
		words = re.findall(r"0x[0-9a-f]+:  ([0-9a-f ]+)", open(sys.argv[1]).read())
		print(bytes.fromhex("".join(words).replace(" ", ""))[32:36].hex())
	END
}

# sends_while PID: pings until the process has ended.
sends_while() {
	pings b 10.7.0.1
	! kill -0 "$1" 2>/dev/null
}

python3 - >"$work/thousand" <<-'END'
	import base64, os
	for i in range(1000):
	    key = base64.b64encode(os.urandom(32)).decode()
	    print("[Peer]", "PublicKey = " + key, sep="\n")
	    print(f"AllowedIPs = 10.20.{i >> 8}.{i & 255}/32, 2001:db8:7767::{i:x}/128")
END

# reload HOST NUMBER: by turns with more, and with what was there.
reload() {
	if [ $(($2 % 2)) = 0 ]; then
		conf "$1" < <(printf 'AllowedIPs = 10.30.0.0/16\n' && cat "$work/thousand")
	else
		conf "$1" </dev/null
	fi
	tuff "$1" reload
}

# reloads_during_transfer: how many there were, in $n_reloads.
reloads_during_transfer() {
	transfer b a 10.7.0.1 "$megabytes" &
	local transfer=$!
	n_reloads=0
	while kill -0 "$transfer" 2>/dev/null; do
		reload a $((n_reloads / 2)) && reload b $((n_reloads / 2)) || return 1
		n_reloads=$((n_reloads + 2))
	done
	wait "$transfer"
}

handshake_with_b() {
	wg show wga latest-handshakes | grep -F "$(<"$work/b.pub")"
}

# lost FROM TO: how many bytes one tunnel has sent more than the other received.
lost() {
	local from to
	from=$(wg show "wg$1" transfer | grep -F "$(<"$work/$2.pub")" | cut -f 3)
	to=$(wg show "wg$2" transfer | grep -F "$(<"$work/$1.pub")" | cut -f 2)
	echo $((from - to))
}

loses_as() {
	[ "$(lost a b) $(lost b a)" = "$1" ]
}

index=$(receiver_index)
handshake=$(handshake_with_b)
lost="$(lost a b) $(lost b a)"
segments=$(counter b Tcp OutSegs)
again=$(counter b Tcp RetransSegs)
reloads_during_transfer || fail "a transfer through reloads"
segments=$(($(counter b Tcp OutSegs) - segments))
again=$(($(counter b Tcp RetransSegs) - again))
echo "# $n_reloads reloads; of $segments segments $again were sent again"
ok "there were several reloads" test "$n_reloads" -ge 4
eventually "every message arrived" loses_as "$lost"
ok "hardly a segment was sent again" test $((again * 1000)) -le "$segments"
ok "there was no other handshake" test "$(handshake_with_b)" = "$handshake"
ok "the session is the same" test "$(receiver_index)" = "$index"
ok "a comes down" tuff a down
ok "b comes down" tuff b down
