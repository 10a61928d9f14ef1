#!/usr/bin/env bash
# A kernel that refuses joined packets while a tunnel runs: nothing is lost, the probe is
# repeated, and what it finds counts.
#
#   host a  eth0 192.0.2.1/24 --- cable --- host b  eth0 192.0.2.2/24
#   wga 10.7.0.1/24  ==== both write to their links as refuse.c lets them ====  wgb 10.7.0.2/24
#
# Usage: refused-offload.sh PROGRAM once|always
. "$(dirname "$0")/lib.sh"
need wg python3 ss
program=$(program "$1")
when=$2
isolate "$@"

cat >"$work/refused" <<END
#!/bin/sh
TUFF_CONFINE=off TUFF_REFUSE=$when LD_PRELOAD=$REFUSE_LIBRARY exec "$program" "\$@"
END
chmod +x "$work/refused"

# says TEXT: wgb's log does.
says() {
	grep -qF "$1" "$work/wgb.log"
}

offloads() {
	at b "$program" show wgb | grep '^  offloads:'
}

export TUFF_OFFLOAD=
[ "$when" = always ] || export TUFF_OFFLOAD_PROBE=always
pair "$work/refused"
! says "it cannot be probed here" || skip "offloads cannot be probed here"
introduce a b
[ "$when" = always ] || refused "no offload failed the probe at the start" says "switched off"

ok "a stream passes unharmed" transfer a b 10.7.0.2 20
if [ "$when" = once ]; then
	eventually "what was refused is probed" says "offload tcp-gro: the kernel refused it, probing"
	eventually "it passes and is used again" says "offload tcp-gro: in use again"
	ok "show says so" grep -qw tcp-gro <(offloads | sed 's/(off:.*//')
else
	eventually "it fails the probe" says "offload tcp-gro: switched off: the probe's 3 x 1000"
	ok "show says so" grep -qF "tcp-gro: it failed the probe" <(offloads)
fi
ok "another stream passes unharmed" transfer a b 10.7.0.2 20
