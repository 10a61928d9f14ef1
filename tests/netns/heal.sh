#!/usr/bin/env bash
# An engine that ends, whatever by, is replaced: a transfer goes on, link, addresses, routes
# and port stay, and show counts it. Without its keeper an engine ends.
#
#   a eth0 192.0.2.1/24 --- cable --- b eth0 192.0.2.2/24
#   a wga 10.7.0.1/24 === tunnel === b wgb 10.7.0.2/24
#
# Usage: heal.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg ping pgrep python3
program=$(program "$1")
isolate "$@"

two_hosts a b

# conf NAME OTHER NUMBER ADDRESS
conf() {
	cat >"$work/wg$1.conf" <<-END
		[Interface]
		PrivateKeyFile = $1
		Address = 10.7.0.$3/24
		[Peer]
		PublicKeyFile = $2.pub
		Endpoint = $4:30567
		AllowedIPs = 10.7.0.0/24
	END
	ok "$1: up" at "$1" "$program" up "$work/wg$1.conf"
}
conf a b 1 192.0.2.2
conf b a 2 192.0.2.1

keeper_of() {
	pgrep -f "$program up $work/wg$1.conf"
}

engine() {
	engine_of "$(keeper_of "$1")"
}

# shows EXPRESSION VALUE: of a's tunnel, as JSON.
shows() {
	at a "$program" show wga --json | python3 -c "import json, sys
i = json.load(sys.stdin)['interfaces'][0]
got = $1
print(got)
sys.exit(got != $2)"
}

ok "the tunnel works" pings a 10.7.0.2
picture a >"$work/before"

# ended SENTENCE: whether the transfer came to its end, with all of its bytes.
ended() {
	local result=0
	wait "$transfer" || result=$?
	[ "$result" = 0 ] || cat "$work/transfer"
	ok "$1" test "$result" = 0
}

# end_engine SIGNAL: a's, and waits for another one.
end_engine() {
	local old
	old=$(engine a)
	kill -"$1" "$old"
	until_true another_than "$old"
}
another_than() {
	local now
	now=$(engine a) && [ -n "$now" ] && [ "$now" != "$1" ]
}

# survives SIGNAL TIMES: a transfer, that a's engine is ended so, for the so manieth time.
survives() {
	transfer a b 10.7.0.2 60 >"$work/transfer" 2>&1 &
	transfer=$!
	child[$transfer]=1
	until_true shows 'i["peers"][0]["tx_bytes"] > 10**6' True
	end_engine "$1"
	ended "$1: the transfer goes on to its end"
	eventually "$1: show counts it" shows 'i["engine_restarts"]' "$2"
	ok "$1: the host is as it was" same_picture a "$work/before"
}

survives KILL 1

# Nobody else sends anything: found only because the engine was busy.
transfer a b 10.7.0.2 400 >"$work/transfer" 2>&1 &
transfer=$!
child[$transfer]=1
old=$(engine a)
until_true shows 'i["peers"][0]["tx_bytes"] > 10**7' True
kill -STOP "$old"
eventually "an engine that hangs while it is busy is replaced" another_than "$old"
ended "and the transfer goes on"
eventually "show says why" shows '"hung" in (i["engine_restart_reason"] or "")' True

# As the first process of its namespace it takes no other signal from outside.
ok "a: down" at a "$program" down wga
printf '[Interface]\nConfine = off\n' >"$work/off"
cat "$work/off" <(tail -n +2 "$work/wga.conf") >"$work/wga.off" && mv "$work/wga.off" "$work/wga.conf"
ok "a: up, without confinement" at a "$program" up "$work/wga.conf"
ok "which show tells" shows 'i["confinement"]["mode"]' "'off'"
picture a >"$work/before"
survives SEGV 1
survives ABRT 2

old=$(engine b)
kill -KILL "$(keeper_of b)"
eventually "without its keeper an engine ends" is_gone "$old"
ok "what it left is put back by the next up" at b "$program" up "$work/wgb.conf"
eventually "and the tunnel works" pings a 10.7.0.2
ok "down" at a "$program" down wga
ok "down" at b "$program" down wgb
