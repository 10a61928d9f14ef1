#!/usr/bin/env bash
# A tunnel at rest costs nothing: no wake-up, and little memory.
#
#   host a: wga, one peer, no keepalive, no cable
#
# Usage: idle.sh PROGRAM [SECONDS]
. "$(dirname "$0")/lib.sh"
need wg
program=$(program "$1")
seconds=${2:-5}
isolate "$@"

host a
daemon a "$program" wga
key a
key b
wg set wga private-key "$work/a" listen-port 1001 peer "$(<"$work/b.pub")" allowed-ips 0.0.0.0/0,::/0 \
	endpoint 192.0.2.2:1002
# The kernel would solicit and report on a link with an address of its own.
ip -n a link set wga addrgenmode none
ip -n a link set wga up
until_true eval '! is_silent a 1001' || fail "the link does not come up"

# A thread that blocks and runs again has switched voluntarily.
wake_ups() {
	awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }' "/proc/${pid[wga]}/task/"*/status
}

settled() {
	local before
	before=$(wake_ups)
	read -r -t 0.5 <>"$work/never" || true
	[ "$(wake_ups)" = "$before" ]
}

# What passes here is the time that is measured.
mkfifo "$work/never"
eventually "it comes to rest" settled
before=$(wake_ups)
read -r -t "$seconds" <>"$work/never" || true
after=$(wake_ups)
ok "no wake-up in $seconds seconds" test "$before" = "$after"

resident=$(awk '/^VmRSS/ { print $2 }' "/proc/${pid[wga]}/status")
echo "resident: $resident KiB"
if [ -z "${NETNS_SANITIZED:-}" ]; then
	ok "resident memory is below 8 MiB" test "$resident" -lt 8192
fi
