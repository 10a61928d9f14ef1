# shellcheck shell=bash
# Sourced by scripts/check-release: steps, each of which passes, fails, or skips because
# something is missing on this machine.
passed=0
failed=0
skipped=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# step NAME COMMAND...: exit status 77 skips, and the output's last "skipped: " says why.
step() {
	local name=$1 start=$SECONDS status=0 why
	shift
	printf '\n== %s\n' "$name"
	"$@" 2>&1 | tee "$log" || status=${PIPESTATUS[0]}
	case $status in
	0)
		passed=$((passed + 1))
		echo "ok - $name ($((SECONDS - start)) s)"
		;;
	77)
		why=$(sed -nE 's/^(.*: )?skip(ped)?: //p' "$log" | tail -n 1)
		skipped+=("$name: ${why:-it says no reason}")
		echo "skipped - $name"
		;;
	*)
		failed=$((failed + 1))
		echo "not ok - $name ($((SECONDS - start)) s)"
		;;
	esac
}

# end_steps: what was skipped, and how many there were; fails when one did.
end_steps() {
	echo
	[ ${#skipped[@]} = 0 ] || printf 'skipped: %s\n' "${skipped[@]}"
	echo "$passed passed, $failed failed, ${#skipped[@]} skipped"
	[ "$failed" = 0 ]
}
