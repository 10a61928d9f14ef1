# shellcheck shell=bash disable=SC2154
# The place where the two hosts of the story live: a provider's router, which sends
# router advertisements with a short lifetime. Sourced after lib.sh and isolate.
#
#   router   eth0 ------------------ shale   eth0 192.0.2.7/24, IPv6 by advertisement
#            eth1 ------------------ basalt  eth0 198.51.100.2/24, no IPv6
#            lo 2001:db8:ffff::1     "the Internet"

lifetime=6 # of a default route, in seconds; a router's least interval asks for 4

# provider PREFIX: builds it; PREFIX (such as 2001:db8:1) is that of the /64 that is
# on-link between router and shale.
provider() {
	host router
	host shale
	host basalt
	cable router eth0 shale eth0
	cable router eth1 basalt eth0
	ip -n router addr add 192.0.2.1/24 dev eth0
	ip -n router addr add 198.51.100.1/24 dev eth1
	ip -n router addr add "$1::1/64" dev eth0
	ip -n router addr add 2001:db8:ffff::1/128 dev lo
	at router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -n shale addr add 192.0.2.7/24 dev eth0
	ip -n shale route add default via 192.0.2.1
	ip -n basalt addr add 198.51.100.2/24 dev eth0
	ip -n basalt route add default via 198.51.100.1
	# Debian's default, where host() turned it off; and a workstation without IPv6 outside.
	at shale sysctl -qw net.ipv6.conf.eth0.router_solicitations=3 \
		net.ipv6.conf.eth0.accept_ra=1
	at basalt sysctl -qw net.ipv6.conf.eth0.accept_ra=0
	advertise "$1"
	eventually "shale learns a default route" has_default
	eventually "and an address" address_of_shale "$1"
}

advertise() {
	cat >"$work/radvd.conf" <<-END
		interface eth0 {
			AdvSendAdvert on;
			MinRtrAdvInterval 3;
			MaxRtrAdvInterval 4;
			AdvDefaultLifetime $lifetime;
			prefix $1::/64 { };
		};
	END
	ip netns exec router radvd -n -C "$work/radvd.conf" -p "$work/radvd.pid" -m stderr \
		2>"$work/radvd.log" &
	}

has_default() {
	ip -n shale -6 route show default | grep -q 'proto ra'
}

# address_of_shale PREFIX: the one that it made of the advertised prefix.
address_of_shale() {
	ip -n shale -6 -o addr show dev eth0 scope global | grep -o "$1:[^/]*"
}

# story_keys: each host's folder $work/HOST, with its private key and the other's public.
story_keys() {
	local name
	for name in shale basalt; do
		mkdir "$work/$name"
		key "$name/private"
	done
	cp "$work/basalt/private.pub" "$work/shale/basalt.pub"
	cp "$work/shale/private.pub" "$work/basalt/shale.pub"
}
