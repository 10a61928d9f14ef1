#!/usr/bin/env bash
# Endpoints by name: not known yet at boot, with several addresses of which some are
# dead, and changing while the tunnel is up.
#
#   client eth0 192.0.2.1/24 ---- middle br0 ---- old eth0 192.0.2.10/24
#                                  |  |---------- new eth0 192.0.2.20/24
#                                  br0 192.0.2.53/24 answers for server.example
#
#   client wgc 10.7.0.1/24 === tunnel === wgs 10.7.0.2/24, on old or on new
#
# Usage: names.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg ping dnsmasq
program=$(program "$1")
isolate "$@"
mkdir -p /etc/netns
mount -t tmpfs tmpfs /etc/netns
mkdir /etc/netns/client
printf 'nameserver 192.0.2.53\noptions timeout:1 attempts:1\n' >/etc/netns/client/resolv.conf

host middle
ip -n middle link add br0 type bridge
ip -n middle link set br0 up
ip -n middle addr add 192.0.2.53/24 dev br0
address=1
for name in client old new; do
	host "$name"
	cable "$name" eth0 middle "$name"
	ip -n middle link set "$name" master br0
	ip -n "$name" addr add "192.0.2.$address/24" dev eth0
	[ "$address" = 1 ] && address=10 || address=20
done
key c
key s

cat >"$work/wgc.conf" <<END
[Interface]
PrivateKeyFile = c
Address = 10.7.0.1/24
[Peer]
PublicKeyFile = s.pub
Endpoint = server.example:30567
AllowedIPs = 10.7.0.2/32
PersistentKeepalive = 1
END
cat >"$work/wgs.conf" <<END
[Interface]
PrivateKeyFile = s
Address = 10.7.0.2/24
ListenPort = 30567
[Peer]
PublicKeyFile = c.pub
AllowedIPs = 10.7.0.1/32
END

names() {
	[ -z "${dns:-}" ] || { kill "$dns"; wait "$dns" || true; }
	local hosts=()
	for address in "$@"; do hosts+=(--host-record="server.example,$address"); done
	ip netns exec middle dnsmasq --keep-in-foreground --no-hosts --no-resolv --local=/example/ \
		--pid-file= --bind-interfaces --listen-address=192.0.2.53 --local-ttl=0 "${hosts[@]}" \
		2>"$work/dns.log" &
	dns=$!
}

at old "$program" up "$work/wgs.conf"
says() {
	grep -qF "$1" "$2" || { cat "$2"; return 1; }
}

# told COMMAND WORDS STATUS: what it prints on the client has the words, and it ends so.
told() {
	local status=0
	# shellcheck disable=SC2086 # the words of a command
	at client "$program" $1 >"$work/said" 2>&1 || status=$?
	says "$2" "$work/said" && [ "$status" = "$3" ]
}

asked="server.example: Temporary failure in name resolution"
ok "the client comes up while nobody answers for names" told "up $work/wgc.conf" "wgc.conf:6: Endpoint $asked" 0
ok "and says what to do" says "getent ahosts server.example" "$work/said"
ok "show says why there is no endpoint" told "show wgc" "no session: its name server.example is not to be resolved" 0
ok "and how often it was asked for" says "(/mnt/wgc.conf:6; asked " "$work/said"
ok "so does its JSON" told "show wgc --json" '"error": "Temporary failure in name resolution"' 0
ok "doctor finds it" told "doctor wgc" "server.example (/mnt/wgc.conf:6), is not to be resolved: Temporary failure" 3
refused "and has no tunnel yet" pings client 10.7.0.2
names 192.0.2.10
eventually "it finds the server when somebody does" pings client 10.7.0.2
refused "and nothing tells of its name any more" told "show wgc" "is not to be resolved" 0
ok "which show can tell" grep -q 'endpoint: 192.0.2.10:30567' <(at client "$program" show wgc)

at old "$program" down wgs
names 192.0.2.20
at new "$program" up "$work/wgs.conf"
eventually "it follows the name to another address" pings client 10.7.0.2
ok "which show can tell, too" grep -q 'endpoint: 192.0.2.20:30567' <(at client "$program" show wgc)

ok "the client comes down" at client "$program" down wgc
names 2001:db8::dead 192.0.2.20
ip -n client addr add 2001:db8::1/64 dev eth0
at client "$program" up "$work/wgc.conf"
eventually "where one address is dead it goes on to the next" pings client 10.7.0.2
at client "$program" down wgc
at new "$program" down wgs
