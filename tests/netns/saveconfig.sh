#!/usr/bin/env bash
# SaveConfig: what was changed in a running tunnel is in its file when it is down, and
# comes up again.
#
#   host a  eth0 192.0.2.1/24 --- cable --- host b  eth0 192.0.2.2/24
#   wga 10.7.0.1/24 === tunnel === wgb 10.7.0.2/24
#
# Usage: saveconfig.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg ping pgrep
program=$(program "$1")
isolate "$@"

two_hosts a b
key c

cat >"$work/wga.conf" <<END
# This comment goes.
[Interface]
PrivateKeyFile = a
Address = 10.7.0.1/24
SaveConfig = true
PostDown = cp $work/wga.conf $work/postdown
[Peer]
Name = other
PublicKeyFile = b.pub
AllowedIPs = 10.7.0.2/32
END
cat >"$work/wgb.conf" <<END
[Interface]
PrivateKeyFile = b
Address = 10.7.0.2/24
ListenPort = 4711
[Peer]
PublicKeyFile = a.pub
AllowedIPs = 10.7.0.1/32
Endpoint = 192.0.2.1:30567
END

at a "$program" up "$work/wga.conf"
at b "$program" up "$work/wgb.conf"
eventually "the tunnel works" pings b 10.7.0.1
chmod 644 "$work/wga.conf"
cp "$work/wga.conf" "$work/before"
at a "$program" reload "$work/wga.conf"
ok "reload does not write" cmp "$work/wga.conf" "$work/before"
wg set wga peer "$(<"$work/c.pub")" allowed-ips 10.7.0.3/32 persistent-keepalive 21
wg set wga listen-port 4712
at a "$program" down wga

cat >"$work/wanted" <<END
[Interface]
Address = 10.7.0.1/24
PostDown = cp $work/wga.conf $work/postdown
SaveConfig = true
ListenPort = 4712
PrivateKeyFile = a

[Peer]
Name = other
PublicKeyFile = b.pub
AllowedIPs = 10.7.0.2/32
Endpoint = 192.0.2.2:4711

[Peer]
PublicKey = $(<"$work/c.pub")
AllowedIPs = 10.7.0.3/32
PersistentKeepalive = 21
END
ok "the file has what was changed, and where the peer was" diff "$work/wga.conf" "$work/wanted"
ok "it was there before PostDown" cmp "$work/wga.conf" "$work/postdown"
ok "for nobody else to read" test "$(stat -c %a "$work/wga.conf")" = 600
ok "nothing is left beside it" test "$(echo "$work"/wga.conf*)" = "$work/wga.conf"

at a "$program" up "$work/wga.conf"
eventually "it comes up again, and calls where the peer was" pings a 10.7.0.2
at a "$program" down wga
ok "and is written the same" diff "$work/wga.conf" "$work/wanted"

rm "$work/a"
cp "$work/wga.conf" "$work/before"
refused "a tunnel that does not come up" at a "$program" up "$work/wga.conf"
ok "leaves the file alone" cmp "$work/wga.conf" "$work/before"
