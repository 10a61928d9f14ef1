#!/usr/bin/env bash
# The story where the /64 is on-link between router and shale, and not routed to it:
# with ProxyNDP, shale answers there for basalt's address. The lab is provider.sh's.
#
#   shale === tunnel over IPv4 === basalt 2001:db8:7767::2, all of IPv6 through it
#
# Usage: proxy-ndp.sh PROGRAM
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/provider.sh"
need wg ping radvd nft
program=$(program "$1")
isolate "$@"
examples=$(cd "$(dirname "$0")/../../examples" && pwd)

provider 2001:db8:7767
story_keys
cp "$examples/basalt.conf" "$work/basalt/wgbasalt.conf"
cp "$examples/shale.conf" "$work/shale/wgshale.conf"

tuff() {
	at "$1" "$program" "${@:2}" "$work/$1/wg$1.conf"
}

proxies() {
	ip -n shale -6 neigh show proxy
}

picture shale >"$work/shale.before"
picture basalt >"$work/basalt.before"

ok "basalt comes up" tuff basalt up
ok "shale comes up without ProxyNDP" tuff shale up
refused "nothing comes back to basalt" pings basalt 2001:db8:ffff::1
ok "though the tunnel is there" grep -q 'latest handshake' <(wg show wgshale)
refused "nobody answers the router for basalt" pings router 2001:db8:7767::2

sed -i 's/^Forward.*/&\nProxyNDP = eth0/' "$work/shale/wgshale.conf"
ok "a reload adds it" tuff shale reload
ok "for the peer's address" grep -q '2001:db8:7767::2 dev eth0' <(proxies)
eventually "basalt is reached" pings router 2001:db8:7767::2
eventually "and reaches the Internet" pings basalt 2001:db8:ffff::1
ok "shale's own address works too" pings router "$(address_of_shale 2001:db8:7767 | head -n 1)"

sed -i '/^ProxyNDP/d' "$work/shale/wgshale.conf"
ok "a reload takes it back" tuff shale reload
ok "and leaves no proxy" test -z "$(proxies)"
ok "nor the parameter" test "$(at shale sysctl -n net.ipv6.conf.eth0.proxy_ndp)" = 0
ok "shale comes down" tuff shale down
eventually "shale is as it was" same_picture shale "$work/shale.before"

sed -i 's/^Forward.*/&\nProxyNDP = eth0/' "$work/shale/wgshale.conf"
ok "shale comes up with it" tuff shale up
ip -n router -6 neigh flush dev eth0
eventually "basalt reaches the Internet again" pings basalt 2001:db8:ffff::1
eventually "and is reached" pings router 2001:db8:7767::2
ok "shale comes down again" tuff shale down
ok "basalt comes down" tuff basalt down
eventually "shale is as it was" same_picture shale "$work/shale.before"
eventually "basalt is as it was" same_picture basalt "$work/basalt.before"
