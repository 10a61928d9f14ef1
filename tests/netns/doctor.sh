#!/usr/bin/env bash
# `tuff doctor`: silent about a healthy tunnel, and each problem found on a host that
# has it.
#
#   host shale   eth0 192.0.2.7/24 ---- isp eth0 192.0.2.1/24
#                     2001:db8:7767::7/64         2001:db8:7767::1/64, on-link there
#   host basalt  eth0 198.51.100.2/24 - isp eth1 198.51.100.1/24
#   shale wgs === tunnel === basalt wgb 10.7.0.2/32, 2001:db8:7767::2/128
#
# Usage: doctor.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg ping nft pgrep setpriv
program=$(program "$1")
isolate "$@"

host isp
host shale
host basalt
cable isp eth0 shale eth0
cable isp eth1 basalt eth0
at isp sysctl -qw net.ipv4.ip_forward=1
ip -n isp addr add 192.0.2.1/24 dev eth0
ip -n isp addr add 2001:db8:7767::1/64 dev eth0
ip -n isp addr add 198.51.100.1/24 dev eth1
ip -n shale addr add 192.0.2.7/24 dev eth0
ip -n shale addr add 2001:db8:7767::7/64 dev eth0
ip -n shale route add default via 192.0.2.1
ip -n shale -6 route add default via 2001:db8:7767::1 proto ra expires 1000
ip -n basalt addr add 198.51.100.2/24 dev eth0
ip -n basalt route add default via 198.51.100.1
key s
key b

cat >"$work/wgs.conf" <<END
[Interface]
PrivateKeyFile = s
ListenPort = 30567
Forward = ipv6 via eth0
ProxyNDP = eth0
[Peer]
Name = basalt
PublicKeyFile = b.pub
AllowedIPs = 10.7.0.2/32, 2001:db8:7767::2/128
END
cat >"$work/wgb.conf" <<END
[Interface]
PrivateKeyFile = b
Address = 10.7.0.2/32, 2001:db8:7767::2/128
[Peer]
Name = shale
PublicKeyFile = s.pub
Endpoint = 192.0.2.7:30567
AllowedIPs = 0.0.0.0/0, ::/0
END

# examine HOST NAME [OPTION...]: what doctor prints; its exit status is in $status.
examine() {
	local where=$1 name=$2
	shift 2
	status=0
	said=$(at "$where" "$program" doctor "$work/$name.conf" "$@" 2>&1) || status=$?
	[ -z "${looped:-}" ] || forget_losses
}

# What went round while the way to the endpoint led into the tunnel may have filled the
# link's queue, or its way out, on a slow machine. That is told for some minutes, and is no news.
forget_losses() {
	said=$(sed '/\[\(link\|out\)-queue\]$/,/^  remedy:/d' <<<"$said")
	[ -n "$said" ] || status=0
}

silent() {
	examine "$@"
	[ "$status:$said" = 0: ] || { echo "exit $status: $said"; return 1; }
}

# finds HOST NAME CODE WORD...: exactly this problem, and these words about it.
finds() {
	local code=$3 word where=$1 name=$2
	examine "$where" "$name"
	shift 3
	for word in "[$code]" remedy: "$@"; do
		[[ $said == *"$word"* ]] || { echo "no '$word' in exit $status: $said"; return 1; }
	done
	[ "$status" = 3 ] || { echo "exit $status: $said"; return 1; }
}

only() {
	finds "$@"
	[ "$(grep -c '\]$' <<<"$said")" = 1 ] || { echo "more than that: $said"; return 1; }
}

pid_of() {
	pgrep -f "$program up $work/$1.conf\$"
}

ok "a tunnel that is not up is found" only shale wgs not-up "tuff up wgs"
mkfifo "$work/release"
at shale python3 -c 'import socket, sys
taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
taken.bind(("", 30567))
print("has it", flush=True)
open(sys.argv[1]).read()' "$work/release" >"$work/holder.out" &
holder=$!
eventually "another program has its port" grep -q "has it" "$work/holder.out"
ok "who has it is said" finds shale wgs port-taken "in use by python3 (process "
: >"$work/release"
wait $holder
at shale "$program" up "$work/wgs.conf"
at basalt "$program" up "$work/wgb.conf"
eventually "the tunnel works" pings basalt 2001:db8:7767::7
ok "doctor has nothing to say at its one end" silent shale wgs
ok "or at the other" silent basalt wgb
ok "or by its name alone, without a file" \
	at basalt sh -c "[ -z \"\$('$program' doctor wgb)\" ]"

# as_nobody WORD...: what it finds without root, with these words.
as_nobody() {
	status=0
	said=$(at shale setpriv --reuid 65534 --regid 65534 --clear-groups "$program" doctor wgs 2>&1) ||
		status=$?
	for word in "$@"; do
		[[ $said == *"$word"* ]] || { echo "no '$word' in exit $status: $said"; return 1; }
	done
	[ "$status" = 3 ] || { echo "exit $status: $said"; return 1; }
}

ok "without root it says what mends that" as_nobody "[not-permitted]" "sudo tuff doctor wgs"

ip -n shale -6 neigh del proxy 2001:db8:7767::2 dev eth0
ok "an address that nobody answers for on the uplink is found" \
	only shale wgs on-link-prefix "ProxyNDP = eth0" 2001:db8:7767::/64
at isp ping -n -i 0.2 2001:db8:7767::2 >/dev/null 2>&1 &
asking=$!
heard() {
	examine shale wgs --listen 2
	[[ $said == *" heard)"* ]]
}
eventually "and those who ask for it are heard" heard
kill "$asking"
ip -n shale -6 neigh add proxy 2001:db8:7767::2 dev eth0

at shale sysctl -qw net.ipv6.conf.eth0.accept_ra=1
ok "a default route that no router renews is found, with its seconds" \
	only shale wgs accept-ra "seconds more" net.ipv6.conf.eth0.accept_ra=2
at shale sysctl -qw net.ipv6.conf.eth0.accept_ra=2

at shale sysctl -qw net.ipv6.conf.all.forwarding=0
ok "forwarding that was switched off is found" \
	only shale wgs forwarding-off "sysctl -w net.ipv6.conf.all.forwarding=1"
at shale sysctl -qw net.ipv6.conf.all.forwarding=1
ok "and all is well again" silent shale wgs

ip -n shale link set wgs mtu 1250
ok "an MTU too small for IPv6 is found" finds shale wgs mtu-too-small 1280
ok "and that the kernel took all IPv6 away" finds shale wgs route-missing 2001:db8:7767::2
ip -n shale link set wgs mtu 1420
ip -n shale -6 route add 2001:db8:7767::2 dev wgs
ip -n basalt link set eth0 mtu 1400
ok "an MTU too large for the path is found" only basalt wgb mtu-too-large "mtu 1340"
ip -n basalt link set eth0 mtu 1500
ip -n basalt addr del 10.7.0.2/32 dev wgb
ok "an address that is gone is found" finds basalt wgb address-missing 10.7.0.2/32
ok "and the routes that went with it" finds basalt wgb route-missing 0.0.0.0/0
ip -n basalt addr add 10.7.0.2/32 dev wgb
ip -n basalt route add default dev wgb table 51820

at basalt sysctl -qw net.ipv4.conf.eth0.rp_filter=1
ok "a strict filter that looks at marks is fine" silent basalt wgb
at basalt sysctl -qw net.ipv4.conf.all.src_valid_mark=0
ok "one that does not is found" only basalt wgb rp-filter src_valid_mark=1
at basalt sysctl -qw net.ipv4.conf.all.src_valid_mark=1

wg set wgb fwmark 0
looped=yes
ok "a way to the endpoint that leads into the tunnel is found" \
	finds basalt wgb endpoint-inside "table 51820" "not fwmark 0xca6c" "wg set wgb fwmark"
wg set wgb fwmark 51820
ip -n basalt route del default via 198.51.100.1
ok "no way at all is found" finds basalt wgb no-route-to-endpoint
ip -n basalt route add default via 198.51.100.1
ok "and all is well again there" silent basalt wgb

ip -n shale link set wgs down
ok "a link that is down is found" only shale wgs link-down "ip link set wgs up"
ok "also without root" as_nobody "[not-permitted]" "[link-down]"
ip -n shale link set wgs up
at shale "$program" down wgs

# A firewall that lets only answers in, and a peer that calls.
at shale nft -f - <<END
table inet strict {
	chain input {
		type filter hook input priority 0; policy drop;
		ct state established,related accept
		meta l4proto 58 accept
	}
}
END
at shale "$program" up "$work/wgs.conf"
at basalt "$program" down wgb
at basalt "$program" up "$work/wgb.conf"
at basalt ping -n -i 1 2001:db8:7767::7 >/dev/null 2>&1 &
calling=$!
eventually "a peer that does not answer is found" \
	only basalt wgb no-session 192.0.2.7:30567 "UDP port 30567"
ok "and at its end the firewall is" only shale wgs firewall "inet strict input: policy drop"
at shale nft insert rule inet strict input udp dport 30567 accept
ok "unless it lets the port in by its number" silent shale wgs
eventually "as it does" silent basalt wgb
kill "$calling"

kill -KILL "$(pid_of wgs)"
eventually "a killed tunnel is found, with what it left behind" \
	finds shale wgs leftovers not-up "tuff down wgs"
at shale "$program" down wgs
ok "and what was put back is not" only shale wgs not-up
at shale "$program" wgs
ip -n shale link set wgs up
ok "a tunnel without a private key is found" finds shale wgs no-private-key
ip -n shale link del wgs

rm "$work/s"
ok "a key file that is gone is found" finds shale wgs key-file "$work/wgs.conf:2" tuff
echo "Forword = ipv6" >>"$work/wgb.conf"
ok "a file that is wrong is found beside a tunnel that works" only basalt wgb syntax Forword
ok "JSON says the same" at basalt sh -c \
	"'$program' doctor --json '$work/wgb.conf' | grep -q '\"code\": \"syntax\"'"
