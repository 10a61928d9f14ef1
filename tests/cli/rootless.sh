#!/usr/bin/env bash
# Without any privilege: the link was made by somebody who has one, and belongs to the
# user. Also when it is moved to where the user may not even look.
. "$(dirname "$0")/lib.sh"
needs ip wg ss setpriv
isolate "$@"

user=65534
[ "$(stat -c %a /dev/net/tun)" = 666 ] || open_device
chown $user /run/wireguard
ip link set lo up
ip tuntap add wg0 mode tun user $user
run env TUFF_CONFINE=strict setpriv --reuid $user --clear-groups --bounding-set=-all \
	--inh-caps=-all "$tuff" -f wg0
[ "$status" = 1 ] || fail "strict where no other user can be had: $status $err"
case $err in
"tuff: wg0: "*user*) echo 'ok - strict refuses, and names what is missing' ;;
*) fail "strict: $err" ;;
esac
LOG_LEVEL=debug setpriv --reuid $user --clear-groups --bounding-set=-all --inh-caps=-all \
	"$tuff" -f wg0 2>"$scratch/daemon.log" &
daemon=$!
awaited=$daemon
eventually wg show wg0

listens() {
	ss -Huln | grep -q ":$1 "
}

silent() {
	! listens "$1"
}

ip link set wg0 up
eventually listens 30567
wg set wg0 listen-port 5001
listens 5001 || fail 'another port'
ip link set wg0 down
eventually silent 5001
ip link set wg0 up
eventually listens 5001
run wg set wg0 fwmark 7
[ "$status $err" = '1 Unable to modify interface: Operation not permitted' ] ||
	fail "a mark without CAP_NET_ADMIN: $err"
[ "$(wg show wg0 fwmark)" = off ] || fail 'the mark changed'
echo 'ok - a link of the user'

mkdir -p /run/netns
mount -t tmpfs tmpfs /run/netns
ip netns add elsewhere

ip link set wg0 netns elsewhere
eventually silent 5001
ip -n elsewhere link set wg0 up
eventually listens 5001
echo 'ok - moved out of sight'

rm /run/wireguard/wg0.sock
wait "$daemon" || fail "exit $?"
ip -n elsewhere link show wg0 >/dev/null || fail 'it took the link along'
grep -Fqx 'tuff: wg0: the control socket was removed: ending' "$scratch/daemon.log" || fail 'the log'
echo 'ok - the link stays'
