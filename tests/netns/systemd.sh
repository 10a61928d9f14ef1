#!/usr/bin/env bash
# Tunnels as services, under a systemd of the test's own: examples/systemd/tuff@.service
# with all that it takes away from them.
#
#   host a  eth0 192.0.2.1/24 --- cable --- host b  eth0 192.0.2.2/24
#   systemd as process 1, tuff@wg0          tuff in the foreground
#
# Usage: systemd.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg ping nsenter pgrep pivot_root systemctl journalctl setpriv
systemd=/lib/systemd/systemd
[ -x $systemd ] || skip "needs systemd"
[ -d /etc/wireguard ] || skip "needs /etc/wireguard"
program=$(program "$1")
isolate "$@"
units=$(cd "$(dirname "$0")/../../examples/systemd" && pwd)
root=$work/root

# A control group for it, in which it finds itself as the root of all.
mkdir "$work/cgroup"
mount -t cgroup2 cgroup2 "$work/cgroup" 2>/dev/null || skip "needs control groups of version 2"
group=$(mktemp -d "$work/cgroup/tuff-test-XXXXXX") || skip "may not make a control group"
manager=
end_systemd() {
	local status=$?
	trap - EXIT
	set +e
	if [ -n "$manager" ]; then
		[ "$status" = 0 ] || on journalctl -q --no-pager -n 40 -o short-precise
		kill -9 "$manager"
		wait "$manager" 2>/dev/null
	fi
	until_true remove_group
	(exit "$status")
	finish
}
# shellcheck disable=SC2317 # called when it ends
remove_group() {
	find "$group" -depth -type d -exec rmdir {} +
	[ ! -d "$group" ]
}
trap end_systemd EXIT

two_hosts a b
key c

# What systemd gets as its root: this machine's programs, and nothing of its state.
mkdir -p "$root"
mount -t tmpfs -o mode=755 tmpfs "$root"
mkdir -p "$root"/{etc/systemd/system,etc/tuff,usr,proc,sys,dev,run,tmp,root,home,var/log,var/tmp,old}
for entry in /bin /sbin /lib*; do
	if [ -L "$entry" ]; then
		cp -a "$entry" "$root/"
	else
		mkdir "$root$entry"
		mount --rbind "$entry" "$root$entry"
	fi
done
mount --rbind /usr "$root/usr"
mount -t tmpfs tmpfs "$root/usr/local/sbin"
cp "$program" "$root/usr/local/sbin/tuff"
for entry in passwd group nsswitch.conf ld.so.cache ld.so.conf alternatives; do
	[ ! -e "/etc/$entry" ] || cp -a "/etc/$entry" "$root/etc/"
done
ln -s /run "$root/var/run"
touch "$root"/etc/{machine-id,fstab}
mkdir "$root/etc/wireguard"
cp "$units/tuff@.service" "$root/etc/systemd/system"
cat >"$root/etc/systemd/system/lab.target" <<-'END'
	[Unit]
	DefaultDependencies=no
	Wants=systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket
END

# boot: becomes process 1 of it.
boot() {
	mount -t proc proc "$root/proc"
	mount -t sysfs sysfs "$root/sys"
	mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
	mount -t tmpfs -o mode=755 tmpfs "$root/run"
	mount -t tmpfs -o mode=755 tmpfs "$root/dev"
	mkdir -p "$root"/dev/{net,shm,pts}
	for node in null zero full random urandom tty; do
		cp -a "/dev/$node" "$root/dev/"
	done
	mknod -m 600 "$root/dev/net/tun" c 10 200
	ln -s /proc/self/fd "$root/dev/fd"
	cd "$root"
	pivot_root . old
	umount -l /old
	mount --make-rshared / # as systemd does where it is in no container
	exec env -i container=lab PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
		$systemd --unit=lab.target --log-target=null
}
export -f boot
export root systemd
# shellcheck disable=SC2016 # expanded there
ip netns exec a bash -c 'echo $$ >"$0/cgroup.procs" && exec unshare --mount --pid --uts --ipc \
	--cgroup --fork --kill-child --propagation private bash -ec boot' "$group" \
	>"$work/systemd.log" 2>&1 </dev/null &
manager=$!
logs+=("$work/systemd.log")

# on COMMAND...: where systemd runs, as from a shell of root's.
on() {
	nsenter --target "$(pgrep -P "$manager")" --mount --pid --net --uts --ipc --cgroup \
		--wd=/ env -u CREDENTIALS_DIRECTORY PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

is_booted() {
	on systemctl is-active --quiet lab.target
}
until_true is_booted || skip "systemd does not start here: $(tail -n 1 "$work/systemd.log")"

# journal UNIT [OPTION...]: what it has logged.
journal() {
	on journalctl --sync
	on journalctl --quiet --no-pager -o cat -u "$@"
}

# conf NAME KEY-LINE PORT [LINE...]: a tunnel's file, with $inside behind its peer.
conf() {
	local name=$1 key=$2 port=$3
	shift 3
	(
		umask 077
		printf '%s\n' '[Interface]' "$key" "ListenPort = $port" "$@" '[Peer]' \
			"PublicKey = $(<"$work/b.pub")" 'Endpoint = 192.0.2.2:1001' \
			"AllowedIPs = ${inside:-10.7.0.2/32}" >"$root/etc/tuff/$name.conf"
	)
}

tunnel_end b "$program" 2
wg set wgb peer "$(<"$work/a.pub")" allowed-ips 10.7.0.1/32
# The sockets of this test's tunnels are in folders of their own.
conf wg0 "PrivateKey = $(<"$work/a")" 53 'Address = 10.7.0.1/24' \
	'Sysctl = net.ipv4.conf.eth0.arp_filter = 1'

ok "a service comes up" on systemctl start tuff@wg0
eventually "and has a tunnel" pings a 10.7.0.2
ok "its parameter is set" test "$(at a sysctl -n net.ipv4.conf.eth0.arp_filter)" = 1
doctor_is_content() {
	local out
	out=$(on tuff doctor "$1") || { echo "$out"; return 1; }
	[ -z "$out" ]
}
ok "doctor finds nothing" doctor_is_content wg0
conf wg0 "PrivateKey = $(<"$work/a")" 53 'Address = 10.7.0.1/24' 'Address = 10.8.0.1/24'
ok "it takes a changed file" on systemctl reload tuff@wg0
ok "which shows" grep -q 10.8.0.1/24 <(ip -n a -o addr show dev wg0)
ok "and keeps its session" pings a 10.7.0.2

# Another one, whose key is a credential, and whose offloads are to be tried in a namespace.
inside=10.9.0.2/32 conf wg1 'PrivateKeyFile = credential:key' 5002
(umask 077 && cp "$work/c" "$root/etc/tuff/secret")
mkdir -p "$root/etc/systemd/system/tuff@wg1.service.d"
cat >"$root/etc/systemd/system/tuff@wg1.service.d/test.conf" <<-'END'
	[Service]
	LoadCredential=key:/etc/tuff/secret
	Environment=TUFF_OFFLOAD_PROBE=always LOG_LEVEL=debug
END
on systemctl daemon-reload
ok "a service whose key is a credential comes up" on systemctl start tuff@wg1
ok "doctor asks it for its key, which it cannot read itself" doctor_is_content wg1
is_unprobed() {
	grep -q 'offload .*: it cannot be probed here' <(on journalctl -q -o cat -t tuff)
}
eventually "it does without the trial of offloads" is_unprobed
ok "and uses them" grep -q 'offloads: .*gro' <(on tuff show wg1)

# killed: its daemon is, and another one runs.
before=$(on systemctl show -P MainPID tuff@wg0)
on kill -9 "$before"
is_another() {
	local now
	now=$(on systemctl show -P MainPID tuff@wg0)
	[ "$now" != 0 ] && [ "$now" != "$before" ] && on systemctl is-active --quiet tuff@wg0
}
eventually "a killed one is started again" is_another
eventually "and works" pings a 10.7.0.2

ok "it stops" on systemctl stop tuff@wg0
ok "and leaves nothing" test "$(at a sysctl -n net.ipv4.conf.eth0.arp_filter)" = 0
refused "not even its link" ip -n a link show dev wg0
refused "nor a complaint that there was nothing to put back" \
	grep -q 'no tunnel of this name' <(journal tuff@wg0)
ok "the other one has its files still" on tuff show wg1
ok "and stops, too" on systemctl stop tuff@wg1

# What fails says so, as an error.
conf wg0 "PrivateKey = $(<"$work/a")" 53 'Adress = 10.7.0.1/24'
refused "a wrong file is refused" on systemctl start tuff@wg0
ok "the error has its priority in the journal" \
	grep -q '^tuff: /etc/tuff/wg0.conf:4: ' <(journal tuff@wg0 -p err)
ok "and so has its hint" grep -q '^hint: did you mean Address' <(journal tuff@wg0 -p err)
on systemctl stop tuff@wg0

# with FILE [LINE...]: the tunnel in a service with one of the additions.
with() {
	local dir=$root/etc/systemd/system/tuff@wg0.service.d file=$1
	shift
	conf wg0 "PrivateKey = $(<"$work/a")" 53 'Address = 10.7.0.1/24' "$@"
	rm -rf "$dir"
	mkdir "$dir"
	[ "$file" = none ] || cp "$units/tuff@.service.d/$file.conf" "$dir"
	on systemctl daemon-reload
	on systemctl reset-failed
}
hook='PostUp = touch /etc/hook'
with none "$hook"
refused "a hook that writes to /etc fails" on systemctl start tuff@wg0
on systemctl stop tuff@wg0
with hooks "$hook"
ok "with hooks.conf it may" on systemctl start tuff@wg0
ok "and did" test -e "$root/etc/hook"
ok "that one stops" on systemctl stop tuff@wg0

with none 'SaveConfig = true'
ok "a file is to be saved" on systemctl start tuff@wg0
wg_on_a() {
	on wg set wg0 peer "$(<"$work/c.pub")" allowed-ips 10.7.0.9/32
}
ok "with another peer" wg_on_a
ok "as it stops" on systemctl stop tuff@wg0
refused "it is not, where /etc is read-only" grep -q 10.7.0.9 "$root/etc/tuff/wg0.conf"
with saveconfig 'SaveConfig = true'
ok "with saveconfig.conf" on systemctl start tuff@wg0
ok "and another peer" wg_on_a
ok "as that one stops" on systemctl stop tuff@wg0
ok "it is" grep -q 10.7.0.9 "$root/etc/tuff/wg0.conf"

cat >"$root/usr/local/sbin/resolvconf" <<-'END'
	#!/bin/sh
	mkdir -p /run/resolvconf && echo "$@" >/run/resolvconf/said &&
		cat >/etc/resolv.conf.new && mv /etc/resolv.conf.new /etc/resolv.conf
END
chmod 755 "$root/usr/local/sbin/resolvconf"
with none 'DNS = 10.7.0.53'
refused "resolvconf may not write" on systemctl start tuff@wg0
on systemctl stop tuff@wg0
on mkdir -p /run/resolvconf
with dns 'DNS = 10.7.0.53'
ok "with dns.conf it may" on systemctl start tuff@wg0
ok "and did" grep -q 10.7.0.53 "$root/etc/resolv.conf"
ok "and that stops" on systemctl stop tuff@wg0
