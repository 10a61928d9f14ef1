#!/usr/bin/env bash
# A default route for both families over an endpoint of one of them: by rule, table and
# mark. No loop, answers from the right address, and nothing leaks when the link dies.
#
#   client eth0 192.0.2.2/24 ---- uplink eth0 192.0.2.1/24   the way out, IPv4 and IPv6
#          eth0 2001:db8:1::2/64       eth0 2001:db8:1::1/64  and the endpoint: wgs
#                                      lo 203.0.113.9, 2001:db8:ffff::9  "the Internet"
#   client wgc 10.7.0.2/32, 2001:db8:7::2/128 === tunnel === uplink wgs
#
# Usage: default-route.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg ping nft pgrep tcpdump
program=$(program "$1")
isolate "$@"

two_hosts uplink client
ip -n client addr add 2001:db8:1::2/64 dev eth0
ip -n uplink addr add 2001:db8:1::1/64 dev eth0
ip -n uplink addr add 203.0.113.9/32 dev lo
ip -n uplink addr add 2001:db8:ffff::9/128 dev lo
ip -n client route add default via 192.0.2.1
ip -n client -6 route add default via 2001:db8:1::1
at client sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1

cat >"$work/wgc.conf" <<END
[Interface]
PrivateKeyFile = client
Address = 10.7.0.2/32, 2001:db8:7::2/128
[Peer]
PublicKeyFile = uplink.pub
Endpoint = 192.0.2.1:30567
AllowedIPs = 0.0.0.0/0, ::/0
END
cat >"$work/wgs.conf" <<END
[Interface]
PrivateKeyFile = uplink
ListenPort = 30567
[Peer]
PublicKeyFile = client.pub
AllowedIPs = 10.7.0.2/32, 2001:db8:7::2/128
END

# An interface with a dot in its name, in each way to write it.
ip -n client link add eth0.5 type bridge
mend="Sysctl = net.ipv6.conf.eth0.5.accept_ra=2"
mend+="\nSysctl = net/ipv6/conf/eth0.5/hop_limit=65"
mend+="\nSysctl = net.ipv6.conf.eth0/5.max_addresses=17"
sed -i "/Address/a $mend" "$work/wgc.conf"
# dot NAME VALUE: the parameter of eth0.5 has it.
dot() {
	test "$(at client cat "/proc/sys/net/ipv6/conf/eth0.5/$1")" = "$2"
}

picture client >"$work/client.before"
ok "the server comes up" at uplink "$program" up "$work/wgs.conf"
ok "the client comes up" at client "$program" up "$work/wgc.conf"

ok "a key with dots finds the interface that has one" dot accept_ra 2
ok "so does one with slashes" dot hop_limit 65
ok "and one with a slash for the dot" dot max_addresses 17
eventually "IPv4 goes through the tunnel" pings client 203.0.113.9
eventually "IPv6 goes through the tunnel" pings client 2001:db8:ffff::9
ok "from the tunnel's IPv4 address" grep -q 'src 10.7.0.2' <(ip -n client route get 203.0.113.9)
ok "from the tunnel's IPv6 address" grep -q 'src 2001:db8:7::2' <(ip -n client -6 route get 2001:db8:ffff::9)
ok "the endpoint itself is reached outside" grep -q 'dev eth0' \
	<(ip -n client route get 192.0.2.1 mark "$(wg show wgc fwmark)")
ok "the link next door stays next door" grep -q 'dev eth0' <(ip -n client route get 192.0.2.77)
ok "the server reaches the client" pings uplink 10.7.0.2
ok "strict filters look answers up by their mark" \
	test "$(at client sysctl -n net.ipv4.conf.all.src_valid_mark)" = 1
ok "the firewall's tables are there" at client nft list table ip tuff-wgc
ok "of both families" at client nft list table ip6 tuff-wgc

ok "what comes for the tunnel's address from outside is dropped" grep -q \
	'ip daddr 10.7.0.2 fib saddr type != local drop' <(at client nft list table ip tuff-wgc)

# Two at once find two tables.
sed -i /Sysctl/d "$work/wgc.conf"
sed 's/10.7.0.2/10.8.0.2/; s/7::2/8::2/; /Address/a ListenPort = 30569' "$work/wgc.conf" >"$work/wgd.conf"
sed 's/10.7.0.2/10.9.0.2/; s/7::2/9::2/; /Address/a ListenPort = 30570' "$work/wgc.conf" >"$work/wge.conf"
at client "$program" up "$work/wgd.conf" &
first=$!
at client "$program" up "$work/wge.conf" &
second=$!
wait $first || fail "one of two at once comes up"
wait $second || fail "the other of two at once comes up"
ok "two tunnels brought up at once have tables of their own" \
	test "$(wg show wgd fwmark)" != "$(wg show wge fwmark)"
at client "$program" down wgd
at client "$program" down wge
eventually "the first goes on" pings client 203.0.113.9

# A dead link leaks nothing: what would have gone in goes nowhere.
pid[wgc]=$(pgrep -f "$program up $work/wgc.conf")
ip netns exec uplink tcpdump -ni eth0 -w "$work/leak.pcap" 'host 203.0.113.9 or host 2001:db8:ffff::9' 2>"$work/tcpdump" &
capture=$!
eventually "the uplink is watched" grep -q listening "$work/tcpdump"
ip -n client link set wgc down
refused "with the link down IPv4 goes nowhere" pings client 203.0.113.9
refused "nor does IPv6" pings client 2001:db8:ffff::9
kill -9 "${pid[wgc]}"
eventually "the daemon is dead" is_gone "${pid[wgc]}"
refused "killed, IPv4 goes nowhere" pings client 203.0.113.9
refused "nor does IPv6 then" pings client 2001:db8:ffff::9
kill "$capture"
wait "$capture" || true
ok "not a packet of it left by the uplink" \
	test -z "$(tcpdump -nr "$work/leak.pcap" 2>/dev/null)"
unset 'pid[wgc]'

ok "down undoes what the dead one did" at client "$program" down wgc
eventually "the client is as it was" same_picture client "$work/client.before"
ok "and goes out by itself again" pings client 203.0.113.9
