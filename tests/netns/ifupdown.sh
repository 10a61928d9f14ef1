#!/usr/bin/env bash
# The two hosts of the story brought up by Debian's ifupdown with the stanzas of
# examples/ifupdown: the manual way, and each from one file. The lab is that of provider.sh.
#
#   shale === tunnel over IPv4 === basalt 2001:db8:7767::2, all of IPv6 through it
#
# Usage: ifupdown.sh PROGRAM
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/provider.sh"
need wg ping radvd nft pgrep ifup ifdown
[ -d /etc/wireguard ] || skip "needs /etc/wireguard"
program=$(program "$1")
isolate "$@"
examples=$(cd "$(dirname "$0")/../../examples/ifupdown" && pwd)

# ifup has a search path of its own.
mount -t tmpfs tmpfs /usr/local/sbin
ln -s "$program" /usr/local/sbin/tuff
# Nothing but the stanzas is run.
mount -t tmpfs tmpfs /etc/network
mkdir /etc/network/if-{pre-up,up,down,post-down}.d

provider 2001:db8:1
ip -n router -6 route add 2001:db8:7767::/64 via "$(address_of_shale 2001:db8:1 | head -n 1)"
story_keys
for name in shale basalt; do
	mkdir "$work/$name"/{run,state,undo}
done

# on HOST COMMAND...: with the host's own /etc/wireguard, /run/wireguard and /run/tuff, since
# both links are called wg0.
on() {
	# shellcheck disable=SC2016 # expanded there
	at "$1" bash -c 'mount --bind "$0" /etc/wireguard &&
		mount --bind "$0/run" /run/wireguard &&
		mount --bind "$0/undo" /run/tuff && exec "$@"' "$work/$1" "${@:2}"
}

# by_ifupdown ifup|ifdown HOST [FILE]: with the stanza of that name, or of the host's.
by_ifupdown() {
	on "$2" "$1" --interfaces="$examples/${3:-$2}" --state-dir="$work/$2/state" wg0
}

daemon_is_gone() {
	! pgrep -f "^tuff (up )?wg0\$"
}

picture shale >"$work/shale.before"
picture basalt >"$work/basalt.before"

for round in first second; do
	ok "ifup on shale, the $round time" by_ifupdown ifup shale
	ok "ifup on basalt" by_ifupdown ifup basalt
	eventually "basalt reaches the Internet" pings basalt 2001:db8:ffff::1
	ok "and is reached" pings router 2001:db8:7767::2
	ok "wg shows the tunnel" grep -q 'latest handshake' <(on shale wg show wg0)
	ok "shale listens to its router still" has_default
	ok "ifdown on shale" by_ifupdown ifdown shale
	ok "ifdown on basalt" by_ifupdown ifdown basalt
	eventually "both daemons are gone" daemon_is_gone
	refused "and their control sockets" test -e "$work/shale/run/wg0.sock" -o \
		-e "$work/basalt/run/wg0.sock"
	eventually "shale is as it was" same_picture shale "$work/shale.before"
	eventually "basalt is as it was" same_picture basalt "$work/basalt.before"
done

# All of it in the tunnels' files, and two lines in ifupdown's.
for name in shale basalt; do
	cp "$examples/../$name.conf" "$work/$name/wg0.conf"
done
ok "ifup of a whole tunnel on shale" by_ifupdown ifup shale whole
ok "and on basalt" by_ifupdown ifup basalt whole
eventually "basalt reaches the Internet through it" pings basalt 2001:db8:ffff::1
ok "shale listens to its router still, too" has_default
ok "ifdown of it on shale" by_ifupdown ifdown shale whole
ok "and of it on basalt" by_ifupdown ifdown basalt whole
ok "both daemons are gone then" daemon_is_gone
ok "shale is as it was before" same_picture shale "$work/shale.before"
ok "basalt is as it was before" same_picture basalt "$work/basalt.before"
