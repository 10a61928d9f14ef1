#!/usr/bin/env bash
# Peers by the ten thousand come and go: what they needed is given back.
#
# Usage: crowd.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg
program=$(program "$1")
isolate "$@"
export LOG_LEVEL=error

host a
key a
daemon a "$program" wga
ip -n a link set wga addrgenmode none up
printf '[Interface]\nPrivateKey = %s\nListenPort = 1001\n' "$(<"$work/a")" >"$work/none"
wg setconf wga "$work/none"

resident() {
	awk '/^VmRSS/ { print $2 }' "/proc/${pid[wga]}/status"
}

# Memory within 4 MiB of what it was; the loop gives it back when it has nothing to do.
# Sanitizers keep what is freed.
is_small() {
	[ -n "${NETNS_SANITIZED:-}" ] || [ $(($(resident) - before)) -lt 4096 ]
}

# peers FROM TO: a whole configuration with them.
peers() {
	local i
	cat "$work/none"
	for ((i = $1; i < $2; i++)); do
		printf '[Peer]\nPublicKey = %08dkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk=\n' "$i"
		printf 'Endpoint = 198.18.0.1:1001\nAllowedIPs = 10.%d.%d.%d/32\n' \
			$((i >> 16)) $((i >> 8 & 255)) $((i & 255))
	done
}
peers 0 20000 >"$work/many"
peers 1 30000 >"$work/others"
before=$(resident)
ok "20000 peers are added" wg setconf wga "$work/many"
loaded=$(resident)
ok "and are there" test "$(wg show wga peers | wc -l)" = 20000
ok "one goes, the others stay, and many come" wg syncconf wga "$work/others"
ok "and all of these are there" test "$(wg show wga peers | wc -l)" = 29999
ok "they are removed" wg setconf wga "$work/none"
eventually "and their memory is given back" is_small
echo "resident: $before KiB before, $loaded KiB with them, $(resident) KiB after"
