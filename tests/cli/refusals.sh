#!/usr/bin/env bash
# Each way in which `tuff NAME` cannot do what it is asked to: what it says, and that it
# leaves nothing behind. And what it keeps open when it goes to the background.
. "$(dirname "$0")/lib.sh"
needs ip wg ss pgrep ps setpriv flock python3
isolate "$@"
unset container LOG_LEVEL

# For whom is not in a container: a root that looks the same, but for docker's mark.
mount -t tmpfs tmpfs /mnt
for entry in /*; do
	if [ -L "$entry" ]; then
		cp -a "$entry" /mnt
	elif [ -d "$entry" ] && [ "$entry" != /mnt ]; then
		mkdir "/mnt$entry"
		mount --rbind "$entry" "/mnt$entry"
	fi
done
outside=(chroot /mnt)
inside=(env container=docker)

# What COMMAND sees: no capability, no device, or a device that is not for it.
no_net_admin=(setpriv --bounding-set=-net_admin --inh-caps=-net_admin)
without_device=(unshare --mount bash -c 'mount -t tmpfs tmpfs /dev/net && exec "$@"' -)
# shellcheck disable=SC2016 # expanded there
with_closed_device=(unshare --mount bash -c 'mount -t tmpfs tmpfs /dev/net &&
	mknod -m 600 /dev/net/tun c 10 200 &&
	exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' -)

for how in -f --; do
	refuses 1 'tuff: wg0: open /dev/net/tun: No such file or directory' \
		'start the container with: --device /dev/net/tun' \
		"${inside[@]}" "${without_device[@]}" "$tuff" $how wg0
	refuses 1 'tuff: wg0: open /dev/net/tun: No such file or directory' \
		'load the driver with: modprobe tun (a container needs --device /dev/net/tun)' \
		"${outside[@]}" "${without_device[@]}" "$tuff" $how wg0
	refuses 1 'tuff: wg0: create link: Operation not permitted' \
		'CAP_NET_ADMIN is needed: start the container with: --cap-add NET_ADMIN' \
		"${inside[@]}" "${no_net_admin[@]}" "$tuff" $how wg0
	refuses 1 'tuff: wg0: create link: Operation not permitted' \
		'CAP_NET_ADMIN is needed: run it as root (in a container: --cap-add NET_ADMIN)' \
		"${outside[@]}" "${no_net_admin[@]}" "$tuff" $how wg0
	refuses 1 'tuff: wg0: open /dev/net/tun: Permission denied' \
		'run it as root, or let this user open the device: chmod 0666 /dev/net/tun (to last, in a udev rule: KERNEL=="tun", MODE="0666")' \
		"${outside[@]}" "${with_closed_device[@]}" "$tuff" $how wg0
	refuses 1 'tuff: wg0: open /dev/net/tun: Permission denied' \
		'run it as root, or let this user open the device: chmod 0666 /dev/net/tun' \
		"${inside[@]}" "${with_closed_device[@]}" "$tuff" $how wg0
	clean wg0
done

# The name is in use.
ip tuntap add wg0 mode tap
refuses 1 'tuff: wg0: create link: the name is in use by another link' \
	'look at it with: ip -d link show wg0' "$tuff" wg0
ip link del wg0
clean wg0
"$tuff" wg0
pid=$(pgrep -f "$tuff wg0\$")
refuses 1 "tuff: wg0: create link: the name is in use by a running tunnel (process $pid)" \
	'end it with: rm /var/run/wireguard/wg0.sock' "$tuff" wg0
refuses 1 "tuff: wg0: create link: the name is in use by a running tunnel (process $pid)" \
	'end it with: rm /var/run/wireguard/wg0.sock' unshare --net "$tuff" wg0
wg show wg0 >/dev/null || fail 'the first daemon is gone'
end wg0

# The control socket's place.
touch /run/wireguard/wg0.sock
refuses 1 'tuff: wg0: control socket /var/run/wireguard/wg0.sock: a file that is no socket is there' \
	'move it away: mv /var/run/wireguard/wg0.sock /var/run/wireguard/wg0.sock.old' "$tuff" wg0
rm /run/wireguard/wg0.sock
clean wg0
read_only() {
	unshare --mount bash -c 'mount -o remount,bind,ro /run/wireguard && exec "$@"' - "$@"
}
refuses 1 'tuff: wg0: control socket /var/run/wireguard/wg0.sock: Read-only file system' \
	'the folder /var/run/wireguard must be writable' read_only "$tuff" wg0
clean wg0

# The loop's limits: the more it may open the further it comes, and nothing is left.
few() {
	local n=$1
	shift
	bash -c "ulimit -n $n"' && exec "$@"' - "$@"
}
for n in 6 7 8 9 15 20 24; do
	refuses 1 'tuff: wg0: start the event loop: Too many open files' \
		'the limit of open files is too low (ulimit -n): 64 are enough' few "$n" "$tuff" -f wg0
	clean wg0
done

# The port is taken: by another, and when it was asked for.
hold_port() {
	: >"$scratch/held"
	python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", int(sys.argv[1])))
print("held", flush=True)
time.sleep(1e6)' "$1" >"$scratch/held" &
	holder=$!
	eventually grep -q held "$scratch/held"
}
# foreground ERRORS ENVIRONMENT...: a tunnel wg0 that logs to the file.
foreground() {
	local log=$1
	shift
	: >"$log"
	env "$@" "$tuff" -f wg0 2>"$log" </dev/null &
	daemon=$!
	eventually wg show wg0
	ip link set wg0 up
}
hold_port 30567
foreground "$scratch/log" A=b
eventually grep -Eqx 'tuff: wg0: port 30567 is taken by python3[^ ]* \(process [0-9]+\), listening on [0-9]+ instead' "$scratch/log"
port=$(wg show wg0 listen-port)
run wg set wg0 fwmark 7 listen-port 30567
[ "$status $err" = '1 Unable to modify interface: Address already in use' ] ||
	fail "a taken port: $err"
[ "$(wg show wg0 listen-port)" = "$port" ] || fail 'the port changed'
[ "$(wg show wg0 fwmark)" = off ] || fail 'the mark changed'
ip link set wg0 down
wg set wg0 listen-port 30567
ip link set wg0 up
eventually grep -Fqx 'tuff: wg0: listen on port 30567: Address already in use; trying again when the link comes up' \
	"$scratch/log"
kill "$holder"
wait "$holder" || true
ip link set wg0 down
ip link set wg0 up
eventually bash -c "ss -Huln | grep -q :30567"
end wg0
wait "$daemon" || fail 'it does not exit with 0'

# Levels, and the journal's priorities.
hold_port 30567
foreground "$scratch/log" LOG_LEVEL=error
eventually bash -c "ss -Huln | grep -vq :30567"
wg show wg0 >/dev/null
[ ! -s "$scratch/log" ] || fail "LOG_LEVEL=error: $(<"$scratch/log")"
end wg0
foreground "$scratch/log" "JOURNAL_STREAM=$(stat -c %d:%i "$scratch/log")"
eventually grep -Eqx '<5>wg0: port 30567 is taken by python3[^ ]* \(process [0-9]+\), listening on [0-9]+ instead' "$scratch/log"
end wg0
foreground "$scratch/log" LOG_LEVEL=debug JOURNAL_STREAM=1:2
eventually grep -Fqx 'tuff: wg0: link up, listening on port '"$(wg show wg0 listen-port)" "$scratch/log"
kill "$holder"
end wg0
echo 'ok - log lines'

# In the background it keeps nothing open: neither a pipe nor a lock.
exec 9>"$scratch/lock"
flock 9
[ "$(timeout 60 "$tuff" wg0 2>&1 | cat)" = '' ] || fail 'it is not silent'
exec 9>&-
flock -n "$scratch/lock" true || fail 'the daemon holds an inherited lock'
pid=$(pgrep -f "$tuff wg0\$")
for fd in 0 1 2; do
	[ "$(readlink "/proc/$pid/fd/$fd")" = /dev/null ] || fail "descriptor $fd is open"
done
[ "$(readlink "/proc/$pid/cwd")" = / ] || fail 'it stays in its folder'
grep -q 'Max core file size  *0  *0' "/proc/$pid/limits" || fail 'it may dump core'
[ "$(ps -o sid= -p "$pid" | tr -d ' ')" = "$pid" ] || fail 'it has no session of its own'
end wg0
echo 'ok - background'

# WG_PROCESS_FOREGROUND, WG_TUN_FD and WG_UAPI_FD, as wireguard-go's.
refuses 1 'tuff: wg0: take over WG_TUN_FD 0: Inappropriate ioctl for device' \
	'it must be an open TUN link' env WG_TUN_FD=0 "$tuff" -f wg0
python3 - "$tuff" <<'EOF' || fail 'descriptors that were handed over'
import fcntl, os, socket, struct, subprocess, sys
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"given", 0x1001))
path = "/var/run/wireguard/given.sock"
uapi = socket.socket(socket.AF_UNIX)
uapi.bind(path)
uapi.listen()
environment = dict(os.environ, WG_TUN_FD=str(tun), WG_UAPI_FD=str(uapi.fileno()))
for extra in {}, {"WG_PROCESS_FOREGROUND": "1"}:
    daemon = subprocess.Popen([sys.argv[1], "other"], env=dict(environment, **extra),
                              pass_fds=[tun, uapi.fileno()], stdin=subprocess.DEVNULL)
    if not extra:
        assert daemon.wait() == 0
    assert b"interface: given" in subprocess.check_output(["wg", "show", "given"])
    if extra:
        daemon.terminate()
        assert daemon.wait() == 0
        break
    # The one in the background ends when the file goes; the socket is ours to bind again.
    os.unlink(path)
    uapi.close()
    uapi = socket.socket(socket.AF_UNIX)
    uapi.bind(path)
    uapi.listen()
    environment["WG_UAPI_FD"] = str(uapi.fileno())
EOF
[ ! -e /run/wireguard/given.sock ] || fail 'the adopted socket file stays'
echo 'ok - descriptors that were handed over'

# A link that is there already is taken as it is, and left; its name is no mistake then.
ip tuntap add gnekey mode tun
ip link set gnekey mtu 1333
"$tuff" gnekey
wg show gnekey >/dev/null || fail 'an existing link'
ip link show gnekey | grep -q 'mtu 1333' || fail 'the MTU of an existing link was changed'
rm /run/wireguard/gnekey.sock
eventually ip tuntap del gnekey mode tun
"$tuff" -- gnekey
ip link show gnekey | grep -q 'mtu 1420' || fail 'the MTU of a new link'
ip -d link show gnekey | grep -q 'addrgenmode none' || fail 'addresses of its own making'
ip link set gnekey up
[ -z "$(ip -6 addr show dev gnekey)" ] || fail 'a new link has an address that nobody gave it'
end gnekey
# So is that of a file, also where the word is one that people try as a command.
refuses 2 'tuff: command line: status: no such command' \
	'tuff show says what runs (for a tunnel of this name: tuff -- status)' "$tuff" status
clean status
if [ -d /etc/wireguard ]; then
	mount -t tmpfs tmpfs /etc/wireguard
	touch /etc/wireguard/status.conf
	"$tuff" status
	end status
fi
for name in tun0 vpn home office; do
	"$tuff" $name
	end $name
done
echo 'ok - links that exist, and names'
