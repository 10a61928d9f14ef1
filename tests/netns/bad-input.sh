#!/usr/bin/env bash
# Bad input on the control socket and the UDP port: an error or silence, never a
# crash, a hang, growth, or half a change. bad_input.py says which.
#
#   host a  eth0 192.0.2.1/24 --- cable --- host b  eth0 192.0.2.2/24
#   wga 10.7.0.1/24   ======= tunnel =====  wgb 10.7.0.2/24
#
# Usage: bad-input.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg ping python3
program=$(program "$1")
isolate "$@"

pair "$program"
introduce b a
eventually "there is a session" pings b 10.7.0.1

at b "$(dirname "$0")/bad_input.py" /run/wireguard/wga.sock 192.0.2.1 1001 "${pid[wga]}"
ok "the session is as it was" pings b 10.7.0.1
ok "a is alive" wg show wga
