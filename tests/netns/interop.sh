#!/usr/bin/env bash
# Two implementations of WireGuard talk to each other: handshakes from either side,
# IPv4 and IPv6 inside and outside, roaming, and changes while running.
#
#   host a                                              host b
#   eth0 192.0.2.1/24, 2001:db8::1/64 --- cable --- eth0 192.0.2.2/24, 2001:db8::2/64
#   wga  10.7.0.1/24,  fd77::1/64     === tunnel == wgb  10.7.0.2/24,  fd77::2/64
#
# Usage: interop.sh PROGRAM-OF-A PROGRAM-OF-B
. "$(dirname "$0")/lib.sh"
need wg ping ss python3
program_a=$(program "$1")
program_b=$(program "$2")
isolate "$@"
megabytes=${NETNS_MEGABYTES:-200}
step=${NETNS_STEP:-1} # between the sizes of pings

two_hosts a b
ip -n a addr add 2001:db8::1/64 dev eth0
ip -n b addr add 2001:db8::2/64 dev eth0
daemon a "$program_a" wga
daemon b "$program_b" wgb
key b2
(umask 077 && wg genpsk >"$work/psk" && wg genpsk >"$work/psk2")
public_a=$(<"$work/a.pub")
public_b=$(<"$work/b.pub")
at a wg set wga private-key "$work/a" listen-port 1001
at b wg set wgb private-key "$work/b" listen-port 1002
for side in "a 1" "b 2"; do
	read -r name number <<<"$side"
	ip -n "$name" addr add "10.7.0.$number/24" dev "wg$name"
	ip -n "$name" addr add "fd77::$number/64" dev "wg$name"
	ip -n "$name" link set "wg$name" up mtu 1420
done

# Each side's peer anew, without a session; options go to both sides.
meet() {
	wg set wga peer "$public_b" remove
	wg set wgb peer "$public_a" remove
	wg set wga peer "$public_b" allowed-ips 10.7.0.2/32,fd77::2/128 "$@"
	wg set wgb peer "$public_a" allowed-ips 10.7.0.1/32,fd77::1/128 "$@"
}

handshake_done() {
	[ "$(wg show "$1" latest-handshakes | cut -f2)" -gt 0 ]
}

endpoint_is() {
	[ "$(wg show "$1" endpoints | cut -f2)" = "$2" ]
}

every_size() {
	# shellcheck disable=SC2016 # the other shell expands it
	at "$1" bash -c '
		for ((size = 0; size <= 1392; size += $1)); do
			ping -n -q -c 1 -W 10 -s $size "$0" >/dev/null || { echo "size $size"; exit 1; }
		done' "$2" "$step"
}

first_contacts() {
	local outside=$1 endpoint_a=$2 endpoint_b=$3
	meet
	wg set wga peer "$public_b" endpoint "$endpoint_b"
	eventually "a first, over $outside" pings a 10.7.0.2
	eventually "both know of the handshake" handshake_done wgb
	ok "b learned where a is" endpoint_is wgb "$endpoint_a"
	ok "IPv6 goes through too" pings b fd77::1
	meet
	wg set wgb peer "$public_a" endpoint "$endpoint_a"
	eventually "b first, over $outside" pings b fd77::1
	eventually "both know of the handshake" handshake_done wga
	meet preshared-key "$work/psk"
	wg set wga peer "$public_b" endpoint "$endpoint_b"
	eventually "with a preshared key, over $outside" pings a fd77::2
}

first_contacts IPv6 '[2001:db8::1]:1001' '[2001:db8::2]:1002'
ok "IPv4 of every size over IPv6" every_size a 10.7.0.2
ok "$megabytes MB of TCP over IPv4 over IPv6" transfer a b 10.7.0.2 "$megabytes"
ok "and back" transfer b a 10.7.0.1 "$megabytes"

first_contacts IPv4 192.0.2.1:1001 192.0.2.2:1002
ok "IPv6 of every size over IPv4" every_size b fd77::1
ok "$megabytes MB of TCP over IPv6 over IPv4" transfer a b fd77::2 "$megabytes"
ok "and back" transfer b a fd77::1 "$megabytes"

# Roaming: b moves, and only its own packets tell a.
wg set wgb listen-port 1003
eventually "b speaks from another port" pings b 10.7.0.1
ok "a follows to the port" endpoint_is wga 192.0.2.2:1003
ip -n b addr add 192.0.2.22/24 dev eth0
ip -n b addr del 192.0.2.2/24 dev eth0
eventually "b speaks from another address" pings b 10.7.0.1
ok "a follows to the address" endpoint_is wga 192.0.2.22:1003
ok "a reaches b there" pings a 10.7.0.2
wg set wgb peer "$public_a" endpoint '[2001:db8::1]:1001'
eventually "b speaks over IPv6" pings b 10.7.0.1
ok "a follows to IPv6" endpoint_is wga '[2001:db8::2]:1003'

# A preshared key changed at run time. Side a forgets its session to make a new one
# at once; b only hears of the new key.
wg set wga peer "$public_b" remove
wg set wga peer "$public_b" preshared-key "$work/psk2" allowed-ips 10.7.0.2/32,fd77::2/128 \
	endpoint '[2001:db8::2]:1003'
refused "two different preshared keys do not meet" pings a 10.7.0.2
wg set wgb peer "$public_a" preshared-key "$work/psk2"
eventually "the same one set on a known peer does" pings a 10.7.0.2

# A private key changed at run time: the same host under another name.
wg set wgb private-key "$work/b2"
wg set wga peer "$(<"$work/b2.pub")" preshared-key "$work/psk2" allowed-ips 10.7.0.2/32,fd77::2/128
eventually "b is another under its new key" pings b 10.7.0.1
wg set wgb private-key "$work/b"
wg set wga peer "$(<"$work/b2.pub")" remove peer "$public_b" allowed-ips 10.7.0.2/32,fd77::2/128
eventually "and itself again" pings b 10.7.0.1

# A peer removed and added again, while the other side keeps its session.
wg set wga peer "$public_b" remove
refused "a removed peer gets nothing" pings b 10.7.0.1
wg set wga peer "$public_b" preshared-key "$work/psk2" allowed-ips 10.7.0.2/32,fd77::2/128 \
	endpoint '[2001:db8::2]:1003'
eventually "added again it does" pings a 10.7.0.2

ok "a's daemon is alive" kill -0 "${pid[wga]}"
ok "b's daemon is alive" kill -0 "${pid[wgb]}"
