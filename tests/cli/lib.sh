# shellcheck shell=bash
# For every test of the command line: the exact words and the exit status.
set -euo pipefail

# shellcheck disable=SC2034 # for the tests
tuff=${TUFF:?the program to test}
umask 077
scratch=$(mktemp -d)
awaited= # the process of which the test waits for something, if there is one

# A test that failed shows what the programs said that it started.
finish() {
	local status=$? log
	trap - EXIT
	if [ "$status" != 0 ] && [ "$status" != 77 ]; then
		for log in "$scratch"/*.log; do
			[ -e "$log" ] || continue
			echo "--- the end of ${log##*/}:"
			tail -n 40 "$log"
		done
	fi
	rm -rf "$scratch"
	exit "$status"
}
trap finish EXIT

skip() {
	echo "skip: $1"
	exit 77
}

fail() {
	echo "not ok - $1"
	exit 1
}

# needs PROGRAM...: skips where root, the TUN device or one of them is missing.
needs() {
	local program
	[ "$(id -u)" = 0 ] || skip 'needs root'
	[ -c /dev/net/tun ] || skip 'needs /dev/net/tun'
	for program in unshare "$@"; do
		command -v "$program" >/dev/null || skip "needs $program"
	done
}

# isolate "$@": starts the test again in network, mount and PID namespaces of its own,
# so that /run/wireguard is its own and no daemon outlives it.
isolate() {
	if [ $$ != 1 ]; then
		unshare --net --mount --pid --fork true 2>/dev/null ||
			skip 'may not unshare namespaces'
		rm -rf "$scratch"
		exec unshare --net --mount --pid --fork --kill-child --mount-proc bash "$0" "$@"
	fi
	mkdir -p /run/wireguard
	mount -t tmpfs tmpfs /run/wireguard
}

is_left() {
	ip link show dev "$1" >/dev/null 2>&1 || [ -e "/run/wireguard/$1.sock" ]
}

not_left() {
	! is_left "$1"
}

clean() {
	not_left "$1" || fail "$1: something was left behind"
}

# open_device: a /dev/net of the test's own, in which everybody may open the device. As the
# kernel makes it only root may.
open_device() {
	mount -t tmpfs -o mode=755 tmpfs /dev/net
	{ mknod -m 666 /dev/net/tun c 10 200 && : <>/dev/net/tun; } ||
		skip 'may not make devices, and /dev/net/tun is not for everybody'
}

# eventually COMMAND...: becomes true, and before the daemon ends.
eventually() {
	local i
	for ((i = 0; i < 600; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		[ -z "$awaited" ] || kill -0 "$awaited" 2>/dev/null || fail "$*: the daemon has ended"
		sleep 0.1
	done
	fail "$*"
}

# end NAME: ends its daemon, and with it a link that is not persistent.
end() {
	rm "/run/wireguard/$1.sock"
	eventually not_left "$1"
}

# run COMMAND...: its standard output, standard error and status.
run() {
	status=0
	"$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
	out=$(<"$scratch/out")
	err=$(<"$scratch/err")
}

# refuses STATUS ERROR HINT COMMAND...: it fails with these two lines and no other.
refuses() {
	local want_status=$1 want=$2$'\n'"hint: $3"
	shift 3
	run "$@"
	[ "$status" = "$want_status" ] || fail "$*: exit $status instead of $want_status: $err"
	[ "$err" = "$want" ] || fail "$*"$'\n'"expected: $want"$'\n'"got:      $err"
	[ -z "$out" ] || fail "$*: wrote to standard output: $out"
	echo "ok - $err"
}

# prints TEXT COMMAND...: it succeeds with this output (a pattern of bash) alone.
prints() {
	local want=$1
	shift
	run "$@"
	[ "$status" = 0 ] || fail "$*: exit $status: $err"
	# shellcheck disable=SC2053 # a pattern
	[[ $out == $want ]] || fail "$*"$'\n'"expected: $want"$'\n'"got:      $out"
	[ -z "$err" ] || fail "$*: wrote to standard error: $err"
	echo "ok - $*"
}
