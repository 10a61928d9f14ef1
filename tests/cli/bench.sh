#!/usr/bin/env bash
# bench/report: help is only help, and figures appear when all of them are there.
. "$(dirname "$0")/lib.sh"
command -v jq >/dev/null || skip 'needs jq'
bench=$(cd "$(dirname "$0")/../../bench" && pwd)

mkdir -p "$scratch"/{bench,scripts,docs/bench}
cp "$bench/report" "$scratch/bench"
echo before >"$scratch/docs/bench/link.json"
cat >"$scratch/scripts/build" <<'END'
#!/bin/sh
touch built
END
# One that measures nothing: it fails at the workload that is to fail.
cat >"$scratch/bench/throughput" <<'END'
#!/bin/sh
case "$*" in *--help*) echo options:; echo '  --rounds ROUNDS'; exit ;; esac
case "$*" in *"${FAILS_AT:-nowhere}"*) exit 1 ;; esac
while [ $# -gt 1 ]; do
	[ "$1" != --json ] || echo '{"kind": "header", "implementations": {}, "command": "'"$2"'"}' >"$2"
	[ "$1" != --chart ] || echo chart >"$2"
	shift
done
END
chmod +x "$scratch"/{scripts/build,bench/throughput}
report=$scratch/bench/report

for option in --help -h; do
	prints 'Runs the standard comparison*Usage: sudo bench/report*--rounds ROUNDS' "$report" $option
done
[ ! -e "$scratch/built" ] || fail 'help builds'
[ "$(ls "$scratch/docs/bench") $(<"$scratch/docs/bench/link.json")" = 'link.json before' ] ||
	fail 'help writes'

run env FAILS_AT=--loss "$report"
[ "$status" = 1 ] || fail "it does not fail: $status"
[ "$(ls "$scratch/docs/bench") $(<"$scratch/docs/bench/link.json")" = 'link.json before' ] ||
	fail 'figures of a run that failed are written'
echo 'ok - a run that fails leaves the figures as they were'

run "$report"
[ "$status" = 0 ] || fail "it fails: $err"
for file in README.md {link,plain,lossy}.{json,svg}; do
	[ -s "$scratch/docs/bench/$file" ] || fail "$file is not there"
done
files=("$scratch/docs/bench"/*)
[ ${#files[@]} = 7 ] || fail 'more is there than that'
grep -q '"docs/bench/link.json"' "$scratch/docs/bench/link.json" || fail 'paths of this machine'
echo 'ok - a run that succeeds writes them all'
