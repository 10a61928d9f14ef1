#!/usr/bin/env bash
# wg-quick brings up all of IPv6 through the tunnel, and takes it down again.
#
#   host shale                                    host basalt
#   eth0 192.0.2.7/24 ---------- cable ---------- eth0 192.0.2.8/24
#   lo   2001:db8::7                              (has another default route for IPv6)
#   wgs  no address  =========== tunnel ========= wgb  2001:db8:7767::2/128, ::/0
#
# Usage: wg-quick.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg wg-quick ping nft
program=$(program "$1")
[ ! -e /sys/module/wireguard ] || skip "wg-quick would use this kernel's own WireGuard"
isolate "$@"

# wg-quick asks for the kernel's WireGuard first, which could load its module.
mkdir "$work/bin"
cat >"$work/bin/ip" <<'END'
#!/bin/sh
case "$*" in
*"type wireguard"*) echo "Error: Unknown device type." >&2; exit 2 ;;
esac
exec /sbin/ip "$@"
END
chmod +x "$work/bin/ip"
ln -s "$program" "$work/bin/userspace"
[ -x /sbin/ip ] || skip "needs /sbin/ip"

quick() {
	at basalt env PATH="$work/bin:$PATH" WG_QUICK_USERSPACE_IMPLEMENTATION=userspace \
		wg-quick "$1" "$work/wgb.conf"
}

# All that wg-quick and the daemon might leave behind.
state_of() {
	ip -n "$1" -br link
	ip -n "$1" -4 rule
	ip -n "$1" -6 rule
	ip -n "$1" -4 route show table all
	ip -n "$1" -6 route show table all
	at "$1" nft list ruleset
	ls /run/wireguard
}

unchanged() {
	diff "$work/before" <(state_of basalt)
}

no_daemon() {
	! pgrep -f "userspace wgb" >/dev/null
}

host shale
host basalt
cable shale eth0 basalt eth0
ip -n shale addr add 192.0.2.7/24 dev eth0
ip -n shale addr add 2001:db8::7/128 dev lo
ip -n basalt addr add 192.0.2.8/24 dev eth0
ip -n basalt -6 route add default via fe80::1 dev eth0
key shale
key basalt
daemon shale "$program" wgs
wg set wgs private-key "$work/shale" listen-port 30567 \
	peer "$(<"$work/basalt.pub")" allowed-ips 2001:db8:7767::2/128
ip -n shale link set wgs up
ip -n shale route add 2001:db8:7767::2/128 dev wgs

(umask 077 && cat >"$work/wgb.conf") <<END
[Interface]
PrivateKey = $(<"$work/basalt")
Address = 2001:db8:7767::2/128

[Peer]
PublicKey = $(<"$work/shale.pub")
Endpoint = 192.0.2.7:30567
AllowedIPs = ::/0
END

state_of basalt >"$work/before"
for round in first second; do
	ok "wg-quick up, the $round time" quick up
	eventually "all of IPv6 goes through" pings basalt 2001:db8::7
	ok "IPv4 does not" pings basalt 192.0.2.7
	ok "wg-quick down" quick down
	eventually "the daemon ends with its link" no_daemon
	ok "and nothing is left behind" unchanged
done
