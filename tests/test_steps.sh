#!/usr/bin/env bash
# The steps of scripts/check-release, made up.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1

said=$(
	. scripts/steps.sh
	step 'what is fine' echo 'skipped: no, it runs' >/dev/null
	step 'what is missing' sh -c 'echo "prove: skipped: there is no cbmc" >&2; echo on; exit 77'
	step 'what says nothing' sh -c 'exit 77'
	end_steps
)
status=$?
expected='
== what is missing
prove: skipped: there is no cbmc
on
skipped - what is missing

== what says nothing
skipped - what says nothing

skipped: what is missing: there is no cbmc
skipped: what says nothing: it says no reason
1 passed, 0 failed, 2 skipped'
[ "$said" = "$expected" ] || { printf 'not ok - said:\n%s\n' "$said"; exit 1; }
[ "$status" = 0 ] || { echo "not ok - what is skipped fails"; exit 1; }
echo 'ok - what was skipped is said at the end, and why'

said=$(
	. scripts/steps.sh
	step 'what is broken' sh -c 'echo skipped: is nothing; exit 1'
	end_steps
) && { echo 'not ok - a failure passes'; exit 1; }
[ "${said##*$'\n'}" = '0 passed, 1 failed, 0 skipped' ] || { printf 'not ok - %s\n' "$said"; exit 1; }
echo 'ok - a failure is none of that'
