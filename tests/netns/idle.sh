#!/usr/bin/env bash
# A tunnel at rest costs nothing: no wake-up, and little memory.
#
#   host a  eth0 192.0.2.1/24 --- cable --- host b  eth0 192.0.2.2/24
#   wga 10.7.0.1/24   ==== one peer, no keepalive ====   wgb 10.7.0.2/24
#
# Usage: idle.sh PROGRAM [SECONDS [after-traffic]]
. "$(dirname "$0")/lib.sh"
need wg ping
program=$(program "$1")
seconds=${2:-5}
isolate "$@"

pair "$program"
introduce a b
mkfifo "$work/never"

# The keeper and its engine.
processes="${pid[wga]} $(engine_of "${pid[wga]}")"

# A thread that blocks and runs again has switched voluntarily. Under a sanitizer the first one
# counts: its runtime has a thread of its own, which looks around ten times a second.
wake_ups() {
	local process threads='*'
	for process in $processes; do
		[ -z "${NETNS_SANITIZED:-}" ] || threads=$process
		# shellcheck disable=SC2086 # all of them
		cat "/proc/$process/task/"$threads/status
	done | awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }'
}

# No wake-up while so much time passes; for once, time is what a test is about.
at_rest() {
	local before
	before=$(wake_ups)
	read -r -t "$1" <>"$work/never" || true
	[ "$(wake_ups)" = "$before" ]
}

if [ "${3:-}" = after-traffic ]; then
	# The last timers of the session take some 25 seconds, and then it is at rest until
	# its keys are wiped at 540.
	eventually "there is traffic" pings a 10.7.0.2
	deadline=$((3 * seconds))
	eventually "there are $seconds seconds without a wake-up" at_rest "$seconds"
else
	eventually "it comes to rest" at_rest 0.5
	ok "no wake-up in $seconds seconds" at_rest "$seconds"
fi

resident=$(for process in $processes; do
	cat "/proc/$process/smaps_rollup"
done | awk '/^Pss:/ { n += $2 } END { print n }')
echo "resident, what is shared by its part: $resident KiB"
[ -n "${NETNS_SANITIZED:-}" ] || ok "resident memory is below 10 MiB" test "$resident" -lt 10240
