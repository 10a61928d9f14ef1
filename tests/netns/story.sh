#!/usr/bin/env bash
# The two hosts that every release must serve, from the files in examples/, behind a
# provider's router whose advertisements are short-lived (see provider.sh), and who
# routes 2001:db8:7767::/64 to shale.
#
#   shale === tunnel over IPv4 === basalt 2001:db8:7767::2, all of IPv6 through it
#
# Usage: story.sh PROGRAM [KILLS]   how often up and down are killed on their way
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/provider.sh"
need wg ping radvd nft pgrep
program=$(program "$1")
kills=${2:-5}
isolate "$@"
examples=$(cd "$(dirname "$0")/../../examples" && pwd)

provider 2001:db8:1
ip -n router -6 route add 2001:db8:7767::/64 via "$(address_of_shale 2001:db8:1 | head -n 1)"
story_keys
for name in shale basalt; do
	cp "$examples/$name.conf" "$work/$name/wg$name.conf"
done

tuff() {
	at "$1" "$program" "${@:2}" "$work/$1/wg$1.conf"
}

# Only what the tunnel itself is may differ from before: all of it.
picture shale >"$work/shale.before"
picture basalt >"$work/basalt.before"
ip netns exec shale ip -6 monitor route >"$work/monitor" 2>&1 &
monitor=$!

ok "shale comes up" tuff shale up
ok "basalt comes up" tuff basalt up
ok "shale routes the tunnelled address" grep -q 'dev wgshale' \
	<(ip -n shale -6 route show 2001:db8:7767::2)
ok "basalt needs neither rule nor table" grep -q 'default dev wgbasalt' \
	<(ip -n basalt -6 route show table main)
eventually "basalt reaches the Internet" pings basalt 2001:db8:ffff::1
ok "and is reached" pings router 2001:db8:7767::2
ok "shale forwards" test "$(at shale sysctl -n net.ipv6.conf.all.forwarding)" = 1
ok "and listens to its router still" test "$(at shale sysctl -n net.ipv6.conf.eth0.accept_ra)" = 2
ok "show knows the peer's name" grep -q 'name: basalt' <(at shale "$program" show wgshale)

# Three lifetimes, watched at each second: time itself is what is tested here.
for ((i = 0; i < 3 * lifetime; i++)); do
	has_default || fail "the default route is there after $i s"
	sleep 1
done
ok "basalt still reaches the Internet" pings basalt 2001:db8:ffff::1
ok "reload of an unchanged file changes nothing" tuff basalt reload
ok "the tunnel works after it" pings basalt 2001:db8:ffff::1

ok "shale comes down" tuff shale down
ok "basalt comes down" tuff basalt down
eventually "shale is as it was" same_picture shale "$work/shale.before"
eventually "basalt is as it was" same_picture basalt "$work/basalt.before"
kill "$monitor"
refused "the default route never went" grep -q 'Deleted default' "$work/monitor"
refused "down of what is down says so" tuff shale down

# The daemons of a host, by the file that they were given.
daemons() {
	pgrep -f "$program (up|down) $work/$1/wg$1.conf" || true
}

# killed HOST COMMAND: begins it, and kills all that it started at a random moment.
killed() {
	local victims
	tuff "$1" "$2" >/dev/null 2>&1 &
	local command=$!
	sleep "0.0$((RANDOM % 100))"
	victims=$(daemons "$1")
	# shellcheck disable=SC2086 # several
	[ -z "$victims" ] || kill -9 $victims 2>/dev/null || true
	wait "$command" 2>/dev/null || true
}

for ((i = 0; i < kills; i++)); do
	for name in shale basalt; do
		killed "$name" up
		tuff "$name" down >/dev/null 2>&1 || true
		eventually "$name is as it was after up was killed" same_picture "$name" "$work/$name.before"
		tuff "$name" up || fail "$name comes up after it was killed"
		killed "$name" down
		tuff "$name" down >/dev/null 2>&1 || true
		eventually "$name is as it was after down was killed" same_picture "$name" "$work/$name.before"
	done
done

# Whatever ends the daemon undoes all of it.
tuff shale up
ip -n shale link del wgshale
eventually "a deleted link undoes" same_picture shale "$work/shale.before"
tuff shale up
rm /run/wireguard/wgshale.sock
eventually "a removed control socket undoes" same_picture shale "$work/shale.before"
tuff shale up
kill "$(daemons shale)"
eventually "SIGTERM undoes" same_picture shale "$work/shale.before"

# Two tunnels that share Forward, brought down in both orders.
sed 's/30567/30568/; s/::2/::3/' "$work/shale/wgshale.conf" >"$work/shale/wgother.conf"
for order in "wgshale wgother" "wgother wgshale"; do
	for link in wgshale wgother; do
		at shale "$program" up "$work/shale/$link.conf"
	done
	read -r first second <<<"$order"
	at shale "$program" down "$first"
	ok "$second goes on forwarding" test "$(at shale sysctl -n net.ipv6.conf.all.forwarding)" = 1
	ok "and listening" test "$(at shale sysctl -n net.ipv6.conf.eth0.accept_ra)" = 2
	at shale "$program" down "$second"
	eventually "without both, shale is as it was" same_picture shale "$work/shale.before"
done
