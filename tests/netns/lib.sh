# shellcheck shell=bash
# For every test here: hosts that are network namespaces, cables between them,
# WireGuard daemons on them, and waiting for things to become true.
#
# A test runs in a PID and a mount namespace of its own (see isolate). However it
# ends, its processes end with it, and its network namespaces with them; and as
# /run/netns, /run/wireguard and /run/tuff are its own too, any number of runs go at
# once.
set -euo pipefail

# Virtual machines and sanitizers are slow: this only bounds how long a test that
# fails takes to say so.
deadline=${NETNS_DEADLINE:-60}
work=/mnt # a tmpfs of the test's own

declare -A pid=()  # of a link's daemon
declare -A outer=() inner=() # a host's address on its cable, and in its tunnel
declare -A child=() # the pids of those that this shell started in the foreground

skip() {
	echo "skip: $1" >&2
	exit 77
}

fail() {
	echo "not ok - $1"
	exit 1
}

# need PROGRAM...: skips where root, the TUN device or one of the programs is missing.
need() {
	local program
	[ "$(id -u)" = 0 ] || skip "needs root"
	[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
	for program in ip unshare "$@"; do
		command -v "$program" >/dev/null || skip "needs $program"
	done
}

# isolate "$@": starts the test again, as process 1 of new namespaces, and sets them up.
isolate() {
	if [ $$ != 1 ]; then
		unshare --mount --pid --fork true 2>/dev/null || skip "may not unshare namespaces"
		exec unshare --mount --pid --fork --kill-child --mount-proc bash "$0" "$@"
	fi
	mkdir -p /run/netns /run/wireguard /run/tuff
	mount -t tmpfs tmpfs /run/netns
	mount -t tmpfs tmpfs /run/wireguard
	mount -t tmpfs tmpfs /run/tuff
	mount -t tmpfs tmpfs "$work"
	trap finish EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# ends_well PID: a child says how it ended; of one that went to the background itself
# only that it ended can be seen.
ends_well() {
	if [ -n "${child[$1]:-}" ]; then
		wait "$1"
	else
		until_true is_gone "$1"
	fi
}

# A daemon that does not end well when told to fails the test: sanitizers speak then.
finish() {
	local status=$? link log
	trap - EXIT
	for link in "${!pid[@]}"; do
		kill "${pid[$link]}" 2>/dev/null || true
	done
	for link in "${!pid[@]}"; do
		ends_well "${pid[$link]}" || {
			[ "$status" != 0 ] || echo "not ok - $link: its daemon ends well"
			status=1
		}
	done
	if [ "$status" != 0 ] && [ "$status" != 77 ]; then
		for log in "$work"/*.log; do
			[ -e "$log" ] || continue
			echo "--- the end of ${log##*/}:"
			tail -n 40 "$log"
		done
	fi
	exit "$status"
}

# host NAME: a network namespace whose links are ready at once, without detection
# of duplicate addresses or solicitation of routers, and keep their addresses.
host() {
	ip netns add "$1"
	at "$1" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 \
		net.ipv6.conf.default.router_solicitations=0 \
		net.ipv6.conf.all.keep_addr_on_down=1 net.ipv6.conf.default.keep_addr_on_down=1 \
		net.ipv4.conf.default.promote_secondaries=1
	ip -n "$1" link set lo up
}

# at HOST COMMAND...
at() {
	ip netns exec "$@"
}

# cable HOST LINK HOST LINK: both ends up, without addresses.
cable() {
	ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

# daemon HOST PROGRAM LINK: in the foreground, so that its pid is known, with its
# output in a log; returns when the control socket answers.
daemon() {
	local log=$work/$3.log
	LOG_LEVEL=${LOG_LEVEL:-verbose} WG_PROCESS_FOREGROUND=1 \
		ip netns exec "$1" "$2" "$3" >>"$log" 2>&1 &
	# shellcheck disable=SC2034 # for the tests
	pid[$3]=$!
	child[$!]=1
	until_true answers_or_ended "$3" || true
	wg show "$3" >/dev/null 2>&1 || fail "$2 $3: its control socket does not answer"
}

answers_or_ended() {
	wg show "$1" || is_gone "${pid[$1]}"
}

# engine_of PID: the process that meets the packets of the tunnel that PID keeps.
engine_of() {
	pgrep -P "$1"
}

# Polls a command until it succeeds; false when the deadline passes.
until_true() {
	local end=$((SECONDS + deadline))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

is_gone() {
	! kill -0 "$1"
}

# ok SENTENCE COMMAND...: the command must succeed; if it waits, it may wait long.
ok() {
	local sentence=$1 out patience=20
	shift
	out=$("$@" 2>&1) || { echo "$out"; fail "$sentence ($*)"; }
	echo "ok - $sentence"
}

# eventually SENTENCE COMMAND...: the command must succeed before the deadline.
eventually() {
	local sentence=$1
	shift
	until_true "$@" || { "$@" || true; fail "$sentence ($*)"; }
	echo "ok - $sentence"
}

# refused SENTENCE COMMAND...: the command must fail.
refused() {
	local sentence=$1
	shift
	! "$@" >/dev/null 2>&1 || fail "$sentence ($*)"
	echo "ok - $sentence"
}

# pings HOST ADDRESS: one packet there and back. Who tries again waits a second.
pings() {
	at "$1" ping -n -c 1 -W "${patience:-1}" "$2"
}

# picture HOST: all that a tunnel may change on a host and has to put back. Left out is
# what passes by itself: the seconds that advertised routes have left, and counters.
picture() {
	local family
	for family in -4 -6; do
		ip -n "$1" $family rule
		ip -n "$1" $family route show table all | sed -E 's/ expires -?[0-9]+sec//'
		ip -n "$1" $family neigh show proxy
	done
	ip -n "$1" -o addr | sed -E 's/ (valid|preferred)_lft [^ ]+//g'
	at "$1" nft list ruleset
	at "$1" sysctl -a 2>/dev/null | grep '^net\.' |
		grep -vE '_count|\.random|stat_refresh|\.(stable_secret|netdev_rss_key)|nf_log'
}

# same_picture HOST FILE: prints what differs.
same_picture() {
	diff "$2" <(picture "$1")
}

# program NAME: the path of an implementation; tuff's is given by ctest.
program() {
	local name=$1
	[ "$name" != tuff ] || name=${TUFF:-tuff}
	command -v "$name" || skip "needs $name"
}

# key NAME: makes $work/NAME and $work/NAME.pub.
key() {
	(umask 077 && wg genkey >"$work/$1")
	wg pubkey <"$work/$1" >"$work/$1.pub"
}

# two_hosts A B: on a cable, each with a key of its name.
#
#   host A  eth0 192.0.2.1/24 --- cable --- host B  eth0 192.0.2.2/24
two_hosts() {
	local name number=1
	host "$1"
	host "$2"
	cable "$1" eth0 "$2" eth0
	for name; do
		key "$name"
		ip -n "$name" addr add 192.0.2.$number/24 dev eth0
		outer[$name]=192.0.2.$number
		number=$((number + 1))
	done
}

# tunnel_end HOST PROGRAM NUMBER: wgHOST 10.7.0.NUMBER/24, port 1001, with the host's key and
# a daemon that knows nobody yet.
tunnel_end() {
	daemon "$1" "$2" "wg$1"
	wg set "wg$1" private-key "$work/$1" listen-port 1001
	ip -n "$1" addr add "10.7.0.$3/24" dev "wg$1"
	inner[$1]=10.7.0.$3
	# Without an IPv6 address the kernel has nothing to solicit or report there.
	ip -n "$1" link set "wg$1" addrgenmode none up
}

# pair PROGRAM: both of it, for a and b.
#
#   host a  eth0 192.0.2.1/24 --- cable --- host b  eth0 192.0.2.2/24
#   wga 10.7.0.1/24, port 1001              wgb 10.7.0.2/24, port 1001
pair() {
	two_hosts a b
	tunnel_end a "$1" 1
	tunnel_end b "$1" 2
}

# introduce A B: the ends of a tunnel know each other, and A alone where B is.
introduce() {
	wg set "wg$1" peer "$(<"$work/$2.pub")" allowed-ips "${inner[$2]}" \
		endpoint "${outer[$2]}:1001"
	wg set "wg$2" peer "$(<"$work/$1.pub")" allowed-ips "${inner[$1]}"
}

# transfer FROM TO ADDRESS MEGABYTES: one TCP stream, whose every byte must arrive and
# be the right one.
transfer() {
	local stream receiver
	stream=$(dirname "$0")/stream.py
	ip netns exec "$2" "$stream" receive 5000 "$4" &
	receiver=$!
	until_true listens "$2" 5000 || fail "there is no receiver"
	at "$1" "$stream" send "$3" 5000 "$4" && wait "$receiver"
}

# listens HOST PORT, is_silent HOST PORT: whether a TCP socket listens there, and
# whether no UDP socket is bound there.
listens() {
	[ -n "$(at "$1" ss -Htln "sport = :$2")" ]
}

is_silent() {
	[ -z "$(at "$1" ss -Huln "sport = :$2")" ]
}
