#!/usr/bin/env bash
# Each way in which `up`, `down`, `reload` and `show` cannot do what they are asked to:
# what they say (tests/golden/up/NAME.err), and that a failing `up` leaves the host as it
# was and no process behind.
#
#   host a  eth0 192.0.2.1/24 --- cable --- host b  eth0 192.0.2.2/24
#
# Usage: up-errors.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg nft pgrep python3 setpriv
program=$(program "$1")
isolate "$@"
golden=$(cd "$(dirname "$0")/../golden/up" && pwd)
export container=test # for the hints
unset CREDENTIALS_DIRECTORY

two_hosts a b
key psk

# conf NAME <<END: a file $work/NAME.conf; %KEY% and %PEER% become keys.
conf() {
	sed "s|%KEY%|$(<"$work/a")|; s|%PSK%|$(<"$work/psk")|; s|%PEER%|$(<"$work/b.pub")|" >"$work/$1.conf"
	chmod 600 "$work/$1.conf"
}

# basic [LINE...]: wg0.conf with these lines in [Interface], and a peer.
basic() {
	conf wg0 <<-END
		[Interface]
		PrivateKey = %KEY%
		$(printf '%s\n' "$@")
		[Peer]
		PublicKey = %PEER%
		AllowedIPs = 10.7.0.2/32
	END
}

# fails NAME STATUS COMMAND...: on host a, with the words of the golden file.
fails() {
	local name=$1 want=$2 status=0
	shift 2
	at a "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	[ "$status" = "$want" ] || { cat "$work/err"; fail "$name: exit status $status"; }
	[ ! -s "$work/out" ] || fail "$name: it wrote to its standard output"
	diff -u "$golden/$name.err" <(sed -E 's/(process|kill) [0-9]+/\1 PID/' "$work/err") ||
		fail "$name: its words"
	echo "ok - $name"
}

# Files of tunnels, and daemons.
leftovers() {
	ls /run/tuff /run/wireguard
	pgrep -f "^$program " || true
}

# fails_up NAME [COMMAND...]: `COMMAND tuff up $file` fails so, in the background and in
# the foreground, and nothing is left of it.
fails_up() {
	local name=$1
	shift
	picture a >"$work/before"
	leftovers >"$work/before.files"
	fails "$name" 1 "$@" "$program" up "$file"
	! at a "$@" "$program" up -f "$file" >"$work/out" 2>"$work/err" </dev/null ||
		fail "$name: it succeeds in the foreground"
	grep -qxF "$(head -n 1 "$golden/$name.err")" \
		<(sed -E 's/(process|kill) [0-9]+/\1 PID/' "$work/err") ||
		{ cat "$work/err"; fail "$name: its words in the foreground"; }
	same_picture a "$work/before" || fail "$name: something is left"
	diff "$work/before.files" <(leftovers) || fail "$name: something of it is left"
}

is_up() {
	at a ip link show dev "$1" up
}

no_link() {
	! at a ip link show dev wg0
}

# hold_port: port 5007 of host a is another program's.
hold_port() {
	ip netns exec a python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 5007))
open("/proc/self/comm", "w").write("holder")
time.sleep(1e6)' &
	holder=$!
	until_true is_held || fail "the port is not held"
}

is_held() {
	! is_silent a 5007
}

# Files and what is in them.
file=nosuch fails_up no-such-name
file=$work/nosuch.conf fails_up no-such-file
conf longer-than-a-link <<<'[Interface]'
file=$work/longer-than-a-link.conf fails_up name-of-file
file=$work/wg0.conf
basic
fails_up unreadable-file setpriv --reuid 65534 --regid 65534 --clear-groups
basic 'ListenPrt = 5'
fails_up unknown-key
basic
sed -i 's/^PrivateKey = .*/PrivateKeyFile = secret/' "$work/wg0.conf"
fails_up no-key-file
cp "$work/a" "$work/secret"
chmod 644 "$work/secret"
fails_up key-file-mode
chmod 600 "$work/secret"
echo nonsense >"$work/secret"
fails_up key-file-content
sed -i 's/= secret/= credential:key/' "$work/wg0.conf"
fails_up no-credentials
fails_up no-such-credential env CREDENTIALS_DIRECTORY=/run/tuff

# What is needed to begin.
no_net_admin=(setpriv --bounding-set=-net_admin --inh-caps=-net_admin)
without_device=(unshare --mount bash -c 'mount -t tmpfs tmpfs /dev/net && exec "$@"' -)
# With a folder behind it: read-only for COMMAND.
# shellcheck disable=SC2016 # expanded there
read_only=(unshare --mount bash -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"')
basic
fails_up no-capability "${no_net_admin[@]}"
fails_up no-device "${without_device[@]}"
fails_up no-journal "${read_only[@]}" /run/tuff
fails_up no-control-socket "${read_only[@]}" /run/wireguard

# The name is somebody's.
ip -n a tuntap add wg0 mode tap
fails_up name-of-a-link
ip -n a link del wg0
at a "$program" wg0
fails_up name-of-a-running-tunnel
fails reload-without-file 1 "$program" reload wg0
rm /run/wireguard/wg0.sock
eventually "it ends" no_link
at a "$program" up "$file"
fails_up up-already
at a "$program" down wg0
if command -v wireguard-go >/dev/null; then
	daemon a wireguard-go wg0
	fails_up name-of-another-program
	fails reload-of-another-program 1 "$program" reload wg0
	fails down-of-another-program 1 "$program" down wg0
	ok "another program's tunnel lives on" wg show wg0
	rm /run/wireguard/wg0.sock
	eventually "and ends" no_link
fi

# silent_socket BACKLOG: a program that listens and neither accepts nor answers. One
# client waits already: with a backlog of 0 there is no room for another.
silent_socket() {
	ip netns exec a python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind("/run/wireguard/wg0.sock")
s.listen(int(sys.argv[1]))
c = socket.socket(socket.AF_UNIX)
c.connect("/run/wireguard/wg0.sock")
open("/run/wireguard/ready", "w")
time.sleep(1e6)' "$1" &
	holder=$!
	until_true rm /run/wireguard/ready || fail "the socket is not there"
}
silent_socket 16
declare -A verbs=()
for verb in show down reload doctor; do
	mkdir "$work/$verb"
	work=$work/$verb fails silent-program 1 timeout 60 "$program" "$verb" wg0 &
	verbs[$!]=$verb
done
for job in "${!verbs[@]}"; do
	wait "$job" || fail "${verbs[$job]} of a silent program"
done
kill "$holder"
rm /run/wireguard/wg0.sock
silent_socket 0
fails full-socket 1 timeout 60 "$program" show wg0
kill "$holder"
rm /run/wireguard/wg0.sock
basic 'PreDown = sleep 12'
at a "$program" up "$file"
ok "a hook may take longer than a program may be silent" at a "$program" down wg0

basic 'Sysctl = net.ipv6.conf.eth0.hop_limit=65' # for a journal
at a "$program" up "$file"
stopped=$(pgrep -f "^$program up $file")
kill -STOP "$stopped"
fails silent-tunnel 1 timeout 60 "$program" down wg0
kill -CONT "$stopped"
eventually "a tunnel that was asked to end and could not does so later" no_link

# What check finds is said by up and reload, too; keys that are confused are refused.
basic
sed -i "s|^PublicKey = .*|PublicKey = $(<"$work/a")|" "$work/wg0.conf"
fails_up private-key-as-public
basic
sed -i "s|^PublicKey = .*|PublicKey = $(wg pubkey <"$work/a")|" "$work/wg0.conf"
chmod 644 "$file"
warned() {
	grep -qF "$1" "$work/err" || { cat "$work/err"; return 1; }
}
ok "a file that is odd comes up all the same" at a "$program" up "$file" 2>"$work/err"
at a "$program" down wg0
at a "$program" up "$file" 2>"$work/err"
ok "up says that others can read it" warned "/mnt/wg0.conf:2: a secret is in this file, which others can read"
ok "and what to do" warned "hint: chmod 600 /mnt/wg0.conf"
ok "up says that our own key is a peer's" warned "/mnt/wg0.conf:5: the public key of"
chmod 600 "$file"
at a "$program" reload wg0 2>"$work/err"
ok "reload says what is left of that" warned "/mnt/wg0.conf:5: the public key of"
! warned "which others can read" >"$work/out" || fail "reload says what was mended"
sed -i "s|^PublicKey = .*|PublicKey = $(<"$work/a")|" "$work/wg0.conf"
fails reload-private-key-as-public 1 "$program" reload wg0
at a "$program" down wg0

# Hooks.
basic 'PreUp = echo first' 'PreUp = exit 3' 'PreUp = ip tuntap add never mode tun' \
	'PostDown = ip tuntap add neither mode tun'
fails_up pre-up
basic 'PostUp = ip route add 10.8.0.0/24 dev %i && false' 'PreDown = echo down'
fails_up post-up
basic 'PostUp = echo not today && exit 4'
fails_up post-up-that-says-why
basic 'PostUp = kill -9 $$'
fails_up post-up-killed
# shellcheck disable=SC2016 # expanded by the hook's shell, whose parent is the daemon
basic 'PreUp = kill -TERM $PPID; sleep 1000'
fails_up ended-while-a-hook-runs
basic 'HookTimeout = 1' 'PostUp = echo waiting; sleep 1000' 'PreDown = sleep 0'
fails_up post-up-that-hangs
# Down while PostUp hangs, and then once more, while PreDown does.
basic 'PostUp = echo here; sleep 1002' 'PreDown = sleep 1003'
ip netns exec a "$program" up "$file" >"$work/out" 2>&1 &
holder=$!
hangs() {
	pgrep -x -f "sleep $1"
}
eventually "a hook hangs" hangs 1002
at a "$program" down wg0 &
first=$!
eventually "down ends it, and the next one begins" hangs 1003
! hangs 1002 || fail "the hook that was ended is there no more"
ok "down ends that, too" at a "$program" down wg0
wait "$first" || fail "the one that was there first is answered as well"
! wait "$holder" || fail "up says that it was ended"
ok "up names the hook" grep -Eq "wg0.conf:3: PostUp: echo here; sleep 1002: it was ended after [0-9]+ s: asked to \(here\)" "$work/out"
! hangs 1003 || fail "nothing of it is left"
ok "nor the link" no_link

# The host's network.
basic 'ListenPort = 5007'
hold_port
fails_up listen-port
kill "$holder"

at a sysctl -qw net.ipv6.conf.default.disable_ipv6=1
basic 'Address = 10.7.0.1/24' 'Address = 2001:db8:7767::1/64'
fails_up address-without-ipv6
at a sysctl -qw net.ipv6.conf.default.disable_ipv6=0
ip -n a route add 10.7.0.2/32 dev eth0
basic
fails_up route-of-another-link
ip -n a route del 10.7.0.2/32
basic 'Route = 10.9.0.0/24 via 10.99.0.1'
fails_up route-via-nowhere
basic 'Forward = ipv6 via eth7'
fails_up forward-via-missing-link
basic 'Forward = ipv4 via eth7'
fails_up forward-ipv4-via-missing-link
basic 'ProxyNDP = eth7'
fails_up proxy-on-missing-link
basic 'Sysctl = net.ipv4.nosuch=1'
fails_up sysctl-that-is-not-there
basic 'Sysctl = net.ipv4.ip_forward=1' 'Sysctl = net.ipv4.ip_default_ttl=1000'
fails_up sysctl-with-a-wrong-value

# A container's /proc/sys: only what is not right already is missed.
basic 'Forward = ipv6 via eth0'
fails_up read-only-sysctl "${read_only[@]}" /proc/sys
basic 'Sysctl = net.ipv6.conf.eth0.hop_limit=65'
fails_up read-only-sysctl-line "${read_only[@]}" /proc/sys
basic "Sysctl = net.ipv6.conf.eth0.hop_limit=64"
ok "read-only but right is fine" at a "${read_only[@]}" /proc/sys "$program" up "$file"
at a "$program" down wg0
# What is not needed now is warned of, in the log.
goes_on() {
	local status=0
	at a "${read_only[@]}" /proc/sys "$program" up -f "$file" >"$work/err" 2>&1 &
	holder=$!
	until_true is_up wg0 && until_true warned "$1" || status=1
	at a "$program" down wg0
	wait "$holder" && return "$status"
}
basic 'Forward = ipv6 via eth0'
at a sysctl -qw net.ipv6.conf.all.forwarding=1
ok "without an advertised default route accept_ra may stay" goes_on \
	"net.ipv6.conf.eth0.accept_ra: is 1, and cannot be set to 2: Read-only file system; going on"
at a sysctl -qw net.ipv6.conf.all.forwarding=0
basic 'Address = 10.7.0.1/24'
sed -i 's|^AllowedIPs = .*|AllowedIPs = 0.0.0.0/0|' "$file"
for link in all default eth0 lo; do at a sysctl -qw net.ipv4.conf.$link.rp_filter=0; done
ok "without a reverse path filter src_valid_mark may stay" goes_on \
	"net.ipv4.conf.all.src_valid_mark: is 0, and cannot be set to 1: Read-only file system; going on"
at a sysctl -qw net.ipv4.conf.eth0.rp_filter=1
fails_up read-only-with-rp-filter "${read_only[@]}" /proc/sys
at a sysctl -qw net.ipv4.conf.eth0.rp_filter=0

# DNS. Which programs there are is for this test to say.
cat >"$work/resolvconf" <<-'END'
	#!/bin/sh
	echo "$1 is refused" >&2
	[ "$1" = -d ]
END
basic 'DNS = 10.7.0.53' 'PostDown = ip tuntap add neither mode tun'
if resolvconf=$(command -v resolvconf); then
	chmod +x "$work/resolvconf"
	mount --bind "$work/resolvconf" "$resolvconf"
	fails_up dns-refused
	chmod -x "$work/resolvconf"
fi
if resolvectl=$(command -v resolvectl); then
	mount --bind "$work/secret" "$resolvectl"
fi
fails_up dns-without-resolver

# What is not up.
fails down-not-up 1 "$program" down wg0
ok "down --if-up finds nothing to do" test -z "$(at a "$program" down --if-up wg0 2>&1)"
ok "which is no error" at a "$program" down --if-up wg0
fails reload-not-up 1 "$program" reload wg0
fails show-not-up 1 "$program" show wg0

# In the foreground it says when it is up, and as what.
basic 'ListenPort = 5006' 'MTU = 1300'
ip netns exec a "$program" up -f "$file" 2>"$work/err" </dev/null &
foreground=$!
eventually "it says that it is up" grep -qx 'tuff: wg0: up, MTU 1300, port 5006' "$work/err"
ok "and comes down" at a "$program" down wg0
wait "$foreground" || fail "it does not end well"

# fails_reload NAME: `tuff reload wg0` fails so, and changes neither tunnel nor host.
fails_reload() {
	fails "reload-$1" 1 "$program" reload wg0
	same_picture a "$work/before" || fail "$1: the host changed"
	diff "$work/before.wg" <(wg showconf wg0) || fail "$1: the tunnel changed"
}

# changed [LINE...]: as basic, with changes that would do.
changed() {
	basic 'Address = 10.7.0.3/24' 'Route = 10.10.0.0/16' 'Forward = ipv6 via eth0' \
		'Sysctl = net.ipv6.conf.eth0.hop_limit=66' 'ProxyNDP = eth0' 'MTU = 1300' "$@"
	conf more <<-END
		PresharedKey = %PSK%
		AllowedIPs = 2001:db8:7767::2/128, 10.7.1.0/24
		[Peer]
		PublicKey = $(wg genkey | wg pubkey)
		AllowedIPs = 10.11.0.0/16
	END
	cat "$work/more.conf" >>"$work/wg0.conf"
}

basic 'ListenPort = 5006' 'Address = 10.7.0.1/24' 'Sysctl = net.ipv6.conf.eth0.hop_limit=65'
ok "a tunnel comes up" at a "$program" up "$file"
eventually "and its link" is_up wg0
picture a >"$work/before"
wg showconf wg0 >"$work/before.wg"
# The file is found again though the daemon is in another folder.
at a "$program" down wg0
(cd "$work" && at a "$program" up ./wg0.conf) || fail "a relative path"
ok "a file given by a relative path is read again" at a "$program" reload wg0
picture a >"$work/before"
changed 'ListenPrt = 5'
fails_reload unknown-key
changed 'Address = fe80::1/64' 'Route = 10.12.0.0/16 via 10.99.0.1'
fails_reload route-via-nowhere
ip -n a route add 10.11.0.0/16 dev eth0
picture a >"$work/before"
changed
fails_reload route-of-another-link
ip -n a route del 10.11.0.0/16
picture a >"$work/before"
changed 'Forward = ipv4 via eth7'
fails_reload forward-via-missing-link
changed 'Sysctl = net.ipv4.nosuch=1'
fails_reload sysctl-that-is-not-there
hold_port
changed 'ListenPort = 5007'
fails_reload listen-port
kill "$holder"
rm "$work/wg0.conf"
fails_reload no-file
changed 'ListenPort = 5007'
ok "what would do is done when nothing is wrong" at a "$program" reload wg0
ok "by reload" test "$(wg show wg0 listen-port)" = 5007
ok "and the tunnel comes down" at a "$program" down wg0
