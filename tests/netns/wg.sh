#!/usr/bin/env bash
# The wg tool: what is set can be read back, at the size of a real server, and what
# is refused changes nothing and says why.
#
#   host a: wga, with 100 peers of 50 allowed IPs each and no cable to anywhere
#
# Usage: wg.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg jq
program=$(program "$1")
isolate "$@"

host a
daemon a "$program" wga
key a

# A configuration as wg writes it: 100 peers, every one with each kind of line.
whole_file() {
	local peer address
	printf '[Interface]\nListenPort = 30001\nFwMark = 0x7767\nPrivateKey = %s\n' "$(<"$work/a")"
	for ((peer = 0; peer < 100; peer++)); do
		printf '\n[Peer]\nPublicKey = %s\nPresharedKey = %s\nAllowedIPs = ' \
			"${public[peer]}" "$(<"$work/psk")"
		for ((address = 0; address < 25; address++)); do
			printf '10.%d.%d.0/24, fd77:%x:1%x::/64, ' $peer $address $peer $address
		done | sed 's/, $//'
		printf '\nEndpoint = 192.0.2.%d:%d\nPersistentKeepalive = %d\n' \
			$((peer + 1)) $((peer + 2000)) $((peer + 1))
	done
}

# One line a fact, in a fixed order: peers and allowed IPs have none of their own.
facts() {
	awk '/^PublicKey/ { peer = $3 }
		/^\[/ { next }
		/^AllowedIPs/ { gsub(",", ""); for (i = 3; i <= NF; i++) print peer, $i; next }
		NF { print peer, $0 }' "$@" | sort
}

same_facts() {
	wg showconf wga >"$work/shown" && diff <(facts "$1") <(facts "$work/shown")
}

value_is() {
	[ "$(wg show wga "$1")" = "$2" ] || { wg show wga "$1" && return 1; }
}

peer_value_is() {
	wg show wga "$2" | grep -qxF "$1	$3" || { wg show wga "$2" && return 1; }
}

count_is() {
	[ "$(wg show wga "$1" | wc -l)" = "$2" ]
}

allowed_ips_are() {
	[ "$(wg show wga allowed-ips | awk -v peer="$1" '$1 == peer { $1 = ""; print }' |
		tr ' ' '\n' | sort | xargs)" = "$2" ]
}

# complains TEXT COMMAND...: it fails, says so in wg's words, and changes nothing.
complains() {
	local text=$1 before after
	shift
	before=$(wg showconf wga)
	! "$@" 2>"$work/complaint" || return 1
	after=$(wg showconf wga)
	grep -q "$text" "$work/complaint" || { cat "$work/complaint" && return 1; }
	[ "$before" = "$after" ]
}

public=()
for ((n = 0; n < 102; n++)); do
	public+=("$(wg genkey | wg pubkey)")
done
(umask 077 && wg genpsk >"$work/psk")
(umask 077 && whole_file >"$work/whole.conf")

ok "a device without any configuration is shown" wg show wga
ok "setconf sets all of a file" wg setconf wga "$work/whole.conf"
ok "showconf gives all of it back" same_facts "$work/whole.conf"
ok "and once more, from its own output" wg setconf wga "$work/shown"
ok "with the same result" same_facts "$work/whole.conf"
ok "show knows every peer" count_is peers 100
ok "the private key comes back" value_is private-key "$(<"$work/a")"
ok "and the public key of it" value_is public-key "$(<"$work/a.pub")"
ok "the port comes back" value_is listen-port 30001
ok "the mark comes back" value_is fwmark 0x7767
ok "dump has a line for each" count_is dump 101

sed -n '/^\[Interface\]/,/^$/p' "$work/whole.conf" >"$work/small.conf"
printf '[Peer]\nPublicKey = %s\nAllowedIPs = 10.200.0.0/16\n' "${public[100]}" >"$work/added.conf"
ok "addconf adds" wg addconf wga "$work/added.conf"
ok "one peer more" count_is peers 101
ok "syncconf takes away what is not in its file" wg syncconf wga "$work/whole.conf"
ok "so that the file is what is set" same_facts "$work/whole.conf"
cat "$work/small.conf" "$work/added.conf" >"$work/one.conf"
ok "syncconf to another file" wg syncconf wga "$work/one.conf"
ok "leaves only that" same_facts "$work/one.conf"

peer=${public[100]}
other=${public[101]}
wg set wga peer "$peer" allowed-ips 10.1.0.0/16,fd77::/64
ok "a list replaces the list" allowed_ips_are "$peer" "10.1.0.0/16 fd77::/64"
wg set wga peer "$other" allowed-ips 10.1.0.0/16,10.2.3.4/16
ok "an address moves to the peer that asked last" allowed_ips_are "$other" "10.1.0.0/16 10.2.0.0/16"
ok "and leaves the other" allowed_ips_are "$peer" "fd77::/64"
wg set wga peer "$peer" allowed-ips ""
ok "an empty list empties it" allowed_ips_are "$peer" "(none)"
wg set wga peer "$other" preshared-key "$work/psk" persistent-keepalive 65535
ok "keepalive is on" peer_value_is "$other" persistent-keepalive 65535
wg set wga peer "$other" persistent-keepalive off preshared-key /dev/null
ok "keepalive goes off" peer_value_is "$other" persistent-keepalive off
ok "the preshared key goes" peer_value_is "$other" preshared-keys "(none)"
wg set wga peer "$peer" endpoint '[2001:db8::1]:4'
ok "an IPv6 endpoint comes back" peer_value_is "$peer" endpoints '[2001:db8::1]:4'
wg set wga fwmark 0 listen-port 0 private-key /dev/null
ok "the mark goes" value_is fwmark off
ok "the private key goes" value_is private-key "(none)"
wg set wga private-key "$work/a" peer "$(<"$work/a.pub")" allowed-ips 10.9.0.0/16
ok "its own key is no peer" count_is peers 2

# As another host would hold the port. The link must be up for sockets to be open.
ip -n a link set wga up
at a python3 -c '
import signal, socket
holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
holder.bind(("", 30002))
signal.pause()' &
until_true eval '! is_silent a 30002' || fail "the port is not held"
ok "a port that is taken is said to be" complains "Address already in use" \
	wg set wga listen-port 30002
wg set wga peer "$peer" remove peer "$other" remove
ok "removed peers are gone" count_is peers 0
