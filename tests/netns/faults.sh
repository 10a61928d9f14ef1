#!/usr/bin/env bash
# Faults below a daemon: system calls that fail, now and then or all of them. It goes on,
# says what fails, counts it, and once the fault is gone the tunnel works again.
#
#   host a  eth0 192.0.2.1/24 --- cable --- host b  eth0 192.0.2.2/24
#   wga 10.7.0.1/24, whose calls faults.c lets fail        wgb 10.7.0.2/24
#
# Usage: faults.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg ping nft python3 pgrep
program=$(program "$1")
isolate "$@"

# fault CALL ERROR EVERY [AFTER]: from now on.
fault() {
	printf '%-64s' "$1 $2 $3 ${4:-0} " | dd of="$work/plan" conv=notrunc status=none
}

fault none 0 1
cat >"$work/faulty" <<END
#!/bin/sh
[ "\$1" = wgb ] || export TUFF_CONFINE=off TUFF_FAULTS=$work/plan LD_PRELOAD=$FAULTS_LIBRARY
exec "$program" "\$@"
END
chmod +x "$work/faulty"
# The workers' order is not what this is about; a joined write is one that is refused.
pair "$work/faulty"
introduce a b
eventually "the tunnel works" pings a 10.7.0.2

# dropped REASON: how often, at wga.
dropped() {
	at a "$program" show wga --json | python3 -c "
import json, sys
print(json.load(sys.stdin)['interfaces'][0]['drops'][sys.argv[1]])" "$1"
}

# more REASON BEFORE
more() {
	[ "$(dropped "$1")" -gt "$2" ] || { echo "$1 is still $2"; return 1; }
}

# says TEXT: wga's log has it.
says() {
	grep -qF "$1" "$work/wga.log" || { tail -n 5 "$work/wga.log"; return 1; }
}

# Packets both ways for a moment, whatever becomes of them.
exercise() {
	at a ping -n -q -i 0.005 -c 60 -W 1 10.7.0.2 >/dev/null 2>&1 &
	at b ping -n -q -i 0.005 -c 60 -W 1 10.7.0.1 >/dev/null 2>&1 || true
	wait $! || true
}

# suffers CALL ERROR EVERY REASON LINE: reason or line may be -, where nothing is lost.
suffers() {
	local before=0
	[ "$4" = - ] || before=$(dropped "$4")
	fault "$1" "$2" "$3"
	exercise
	ok "$1 fails with $2, each $3.: the daemon answers" wg show wga
	[ "$4" = - ] || ok "it is counted" more "$4" "$before"
	[ "$5" = - ] || ok "it is said" says "$5"
	fault none 0 1
	eventually "and when that is over the tunnel works" pings a 10.7.0.2
}

# Numbers as in errno(3): 1 EPERM, 4 EINTR, 5 EIO, 11 EAGAIN, 12 ENOMEM, 90 EMSGSIZE,
# 105 ENOBUFS, 111 ECONNREFUSED. What is sent again by itself loses nothing. A line is there
# for the first of its kind: the next would be a minute later.
while read -r call error every reason line; do
	suffers "$call" "$error" "$every" "$reason" "$line"
done <<END
sendmmsg 4 1 - -
sendmmsg 105 2 out-queue-full send to 192.0.2.2:1001: a queue on the way out is full
sendmmsg 11 1 out-queue-full -
sendmmsg 12 1 out-send-failed -
sendmmsg partial 1 - -
recvmmsg 4 2 - -
recvmmsg 111 2 - -
recvmmsg 12 3 socket-failed receive: Cannot allocate memory
recvmmsg 11 2 - -
recvmmsg partial 1 - -
read 4 2 - -
read 105 3 link-failed read from the link: No buffer space available
read 5 2 - -
writev 4 2 - -
writev 105 2 link-refused write to the link: No buffer space available
writev 11 1 link-refused -
writev 5 1 link-refused -
writev partial 1 link-refused -
END

# When both the vector and what is sent in its place fail, datagrams are lost. The library
# lets calls of one name fail; so the firewall is what refuses both: a real one.
before=$(dropped out-send-failed)
at a nft -f - <<END
table inet strict {
	chain output {
		type filter hook output priority 0; policy accept;
		udp sport 1001 drop
	}
}
END
exercise
ok "a firewall refuses what is sent: it is counted" more out-send-failed "$before"
wg set wga peer "$(<"$work/b.pub")" remove
wg set wga peer "$(<"$work/b.pub")" allowed-ips 10.7.0.2 endpoint 192.0.2.2:1001
exercise
reason() {
	at a "$program" show wga | grep -qF "no session: 192.0.2.2:1001 cannot be sent to: Operation"
}
eventually "a handshake that it refuses has that as its reason" reason
at a nft delete table inet strict
eventually "and when it lets them out the tunnel works" pings a 10.7.0.2

# Groups of datagrams: a stream makes some, if there is UDP_SEGMENT at all.
in_use() {
	at a "$program" show wga | grep '^  offloads:' | sed 's/(off.*//' | grep -qw gso
}
if in_use; then
	for error in 90 5; do
		fault group $error 1
		ok "a stream passes unharmed while groups fail with $error" transfer a b 10.7.0.2 5
		fault none 0 1
	done
	refused "a way that cannot checksum groups gets none" in_use
	ok "and another stream passes" transfer a b 10.7.0.2 5
fi

# No descriptors: up says so, and leaves nothing.
cat >"$work/wgu.conf" <<END
[Interface]
PrivateKeyFile = a
Address = 10.9.0.1/24
ListenPort = 1009
END
picture a >"$work/before"
fault socket 24 1
status=0
said=$(at a "$work/faulty" up -f "$work/wgu.conf" 2>&1) || status=$?
ok "no descriptor for a socket at up: it fails" [ "$status" = 1 ]
ok "and says why" grep -q "Too many open files" <<<"$said"
ok "nothing is left behind" same_picture a "$work/before"
fault none 0 1
# A daemon needs some two dozen; with less it must not come up in part.
for limit in 3 4 6 8 10 12 16 20 24; do
	status=0
	said=$(at a sh -c "ulimit -n $limit && exec '$program' up '$work/wgu.conf'" 2>&1) || status=$?
	[ "$status" != 0 ] || at a "$program" down wgu
	# 127: not even the libraries can be opened.
	[[ $status = [01] || $status = 127 ]] || fail "with $limit descriptors its exit status is $status"
	[ "$status" = 0 ] || [ -n "$said" ] || fail "with $limit descriptors it says why it fails"
	until_true same_picture a "$work/before" ||
		{ same_picture a "$work/before"; fail "with $limit descriptors nothing is left"; }
done
echo "ok - with any limit of descriptors it comes up, or says why not and leaves nothing"
ok "and with enough it comes up" at a "$program" up "$work/wgu.conf"
at a "$program" down wgu

# The journal's folder is full, or a parameter cannot be written, from the nth write on, or
# just at it: up takes back what it did and says which file, or comes up.
cat >"$work/wgw.conf" <<END
[Interface]
PrivateKeyFile = a
Address = 10.9.0.1/24, 2001:db8:9::1/64
ListenPort = 1009
Forward = both via eth0
[Peer]
PublicKey = $(<"$work/b.pub")
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = 192.0.2.2:1009
END
# The real thing: whatever room there is, up refuses or comes up; and when then nothing is
# left, down still takes everything back.
{
	cat "$work/wgw.conf"
	echo "[Interface]"
	for key in ipv4/conf/eth0/{accept_local,accept_redirects,arp_accept,arp_announce} \
		ipv4/conf/eth0/{arp_ignore,arp_notify,bootp_relay,forwarding,log_martians} \
		ipv6/conf/eth0/{accept_ra_defrtr,accept_ra_pinfo,accept_redirects,autoconf} \
		ipv6/conf/eth0/{max_addresses,ndisc_notify,proxy_ndp,router_solicitations}; do
		echo "Sysctl = net/$key = $(($(at a cat "/proc/sys/net/$key") + 1))"
	done
} >"$work/wgx.conf"
sed -i 's/arp_announce = .*/arp_announce = 2/' "$work/wgx.conf"
ran=0
for ((pages = 1; pages < 12; pages++)); do
	umount /run/tuff
	mount -t tmpfs -o size=$((pages * 4096)) tmpfs /run/tuff
	status=0
	said=$(at a "$program" up "$work/wgx.conf" 2>&1) || status=$?
	if [ "$status" = 0 ]; then
		ran=$((ran + 1))
		dd if=/dev/zero of=/run/tuff/full bs=4096 2>/dev/null || true
		said=$(at a "$program" down wgx 2>&1) ||
			fail "down takes all back though $pages pages are full: $said"
	else
		grep -qF "No space left on device" <<<"$said" || fail "up says why: $said"
	fi
	until_true same_picture a "$work/before" ||
		{ same_picture a "$work/before"; fail "all is taken back, $pages pages: $said"; }
done
[[ $ran -gt 2 && $ran -lt 11 ]] || fail "some sizes are enough, and some are not: $ran"
echo "ok - with any room for its journal up refuses, or down takes all back without more"
umount /run/tuff
mount -t tmpfs tmpfs /run/tuff

is_settled() {
	is_gone "$up" || grep -qF "up, MTU" "$work/said"
}
# tries CALL ERROR EVERY TEXT: lets a later write fail each time, until none does.
tries() {
	local after=0 status=1 failed=0
	while [ "$after" -lt 50 ]; do
		fault "$1" "$2" "$3" "$after"
		: >"$work/said"
		ip netns exec a "$work/faulty" up -f "$work/wgw.conf" >"$work/said" 2>&1 &
		up=$!
		until_true is_settled || { cat "$work/said"; fail "up ends when $1 $after fails"; }
		fault none 0 1
		kill "$up" 2>/dev/null || true
		status=0
		wait "$up" || status=$?
		if [ "$status" != 0 ]; then
			failed=$((failed + 1))
			grep -qE "$4" "$work/said" || { cat "$work/said"; fail "up says why: $1 $after"; }
		fi
		same_picture a "$work/before" || { cat "$work/said"; fail "all is taken back: $1 $after"; }
		after=$((after + 1))
	done
	[ "$status" = 0 ] || { cat "$work/said"; fail "with no more failing, it comes up"; }
	[ "$failed" -gt 0 ] || fail "some of $1 make up fail"
	echo "ok - $1: error $2 at any write is said, and all is taken back; $failed made up fail"
}
tries journal 28 100000 '/run/tuff/wgw.undo: No space left'

tries sysctl 5 100000 'cannot be set to .*: Input/output error'
