# shellcheck shell=bash
# For every test of the command line: the exact words and the exit status.
set -euo pipefail

# shellcheck disable=SC2034 # for the tests
tuff=${TUFF:?the program to test}
umask 077
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

skip() {
	echo "skip: $1"
	exit 77
}

fail() {
	echo "not ok - $1"
	exit 1
}

# run COMMAND...: its standard output, standard error and status.
run() {
	status=0
	"$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
	out=$(<"$scratch/out")
	err=$(<"$scratch/err")
}

# refuses STATUS ERROR HINT COMMAND...: it fails with these two lines and no other.
refuses() {
	local want_status=$1 want=$2$'\n'"hint: $3"
	shift 3
	run "$@"
	[ "$status" = "$want_status" ] || fail "$*: exit $status instead of $want_status: $err"
	[ "$err" = "$want" ] || fail "$*"$'\n'"expected: $want"$'\n'"got:      $err"
	[ -z "$out" ] || fail "$*: wrote to standard output: $out"
	echo "ok - $err"
}

# prints TEXT COMMAND...: it succeeds with this output (a pattern of bash) alone.
prints() {
	local want=$1
	shift
	run "$@"
	[ "$status" = 0 ] || fail "$*: exit $status: $err"
	# shellcheck disable=SC2053 # a pattern
	[[ $out == $want ]] || fail "$*"$'\n'"expected: $want"$'\n'"got:      $out"
	[ -z "$err" ] || fail "$*: wrote to standard error: $err"
	echo "ok - $*"
}
