#!/usr/bin/env bash
# The service file: that systemd understands it, and how much it leaves open. How a tunnel
# lives in it is for tests/netns/systemd.sh.
. "$(dirname "$0")/lib.sh"
command -v systemd-analyze >/dev/null || skip 'needs systemd-analyze'
systemd-analyze --help | grep -q -- --offline || skip 'needs systemd-analyze --offline (systemd 250)'
units=$(cd "$(dirname "$0")/../../examples/systemd" && pwd)

# As installed, but with a program that is there.
sed -E "s|^(Exec.*=-?)tuff |\\1$tuff |" "$units/tuff@.service" >"$scratch/tuff@.service"

# exposed: ten times its score; or what is wrong with the file.
exposed() {
	run systemd-analyze security --offline=true --threshold=100 "$scratch/tuff@.service"
	[ "$status" = 0 ] || fail "systemd-analyze: $err"
	[ -z "$err" ] || fail "the unit: $err"
	sed -nE 's/.*Overall exposure level for [^ ]+ ([0-9]+)\.([0-9]).*/\1\2/p' <<<"$out"
}

run systemd-analyze verify --man=no "$scratch/tuff@.service"
[ -z "$err" ] || fail "verify: $err"
echo 'ok - the unit is understood'

score=$(exposed)
[ "$score" -le 26 ] || fail "its exposure is $score, and not 26 or less"
echo "ok - its exposure is $score of 100"

for drop_in in "$units/tuff@.service.d"/*.conf; do
	rm -rf "$scratch/tuff@.service.d"
	mkdir "$scratch/tuff@.service.d"
	cp "$drop_in" "$scratch/tuff@.service.d"
	run systemd-analyze verify --man=no "$scratch/tuff@.service"
	[ -z "$err" ] || fail "${drop_in##*/}: $err"
	echo "ok - ${drop_in##*/} is understood"
done
