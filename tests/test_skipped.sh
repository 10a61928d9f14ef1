#!/usr/bin/env bash
# What scripts/skipped says of made tests, as ctest runs them.
set -euo pipefail

skipped=$(cd "$(dirname "$0")/.." && pwd)/scripts/skipped
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# says TEXT: of the tests in tests.cmake.
says() {
	local said status=0
	ctest >output
	said=$("$skipped" output Testing/Temporary/LastTest.log | grep -v '^hint: ') || status=$?
	[ "$said" = "$1" ] || {
		printf 'not ok - said:\n%s\ninstead of:\n%s\n' "$said" "$1"
		exit 1
	}
	[ -z "$1" ] || [ "$status" != 0 ] || { echo 'not ok - it succeeds'; exit 1; }
}

cat >CTestTestfile.cmake <<'END'
add_test(fine echo "it does not skip: it runs")
END
says ''
echo 'ok - nothing was skipped'

cat >>CTestTestfile.cmake <<'END'
add_test(whole sh -c "echo skip: needs luck >&2; exit 77")
add_test(silent sh -c "exit 77")
add_test(parts printf "skipped: needs time\\n[  SKIPPED ] test_one\\n[  SKIPPED ] test_two\\n[  SKIPPED ] 2 test(s), listed below:\\n[  SKIPPED ] test_one\\n")
set_tests_properties(whole silent PROPERTIES SKIP_RETURN_CODE 77)
END
says 'Skipped, each for the reason it says:
  whole: needs luck
  silent: it says no reason
  parts, test_one: needs time
  parts, test_two: it says no reason'
echo 'ok - each that was skipped, and its reason'
