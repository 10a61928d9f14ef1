#!/usr/bin/env bash
# What can be said on the command line, and what cannot. Needs no privilege.
. "$(dirname "$0")/lib.sh"

prints 'tuff +([0-9]).+([0-9]).+([0-9])' "$tuff" --version
prints 'tuff +([0-9]).+([0-9]).+([0-9])' "$tuff" -V
prints 'tuff +([0-9]).+([0-9]).+([0-9])' "$tuff" version
prints 'usage: tuff \[-f\] NAME*genkey*pubkey*genpsk*LOG_LEVEL*' "$tuff" --help
prints 'usage: tuff \[-f\] NAME*' "$tuff" -h
prints 'usage: tuff \[-f\] NAME*' "$tuff" help
prints 'usage: tuff genkey*base64*' "$tuff" help genkey
prints 'usage: tuff doctor NAME|FILE*Exit status 3*' "$tuff" help doctor
prints 'usage: tuff help \[COMMAND\]*' "$tuff" help help

refuses 2 'tuff: command line: arguments: there are none' \
	'usage: tuff [-f] NAME, or tuff --help' "$tuff"
refuses 2 'tuff: command line: arguments: there are none' \
	'usage: tuff [-f] NAME, or tuff --help' "$tuff" -f
refuses 2 'tuff: command line: --froeground: no such option' \
	'did you mean --foreground?' "$tuff" --froeground wg0
refuses 2 'tuff: command line: --frobnicate: no such option' \
	'see tuff --help' "$tuff" --frobnicate
# What it starts itself for is no command, not even for who started it.
refuses 2 'tuff: command line: --nftables: no such option' 'see tuff --help' "$tuff" --nftables
# shellcheck disable=SC2016 # expanded there
refuses 2 'tuff: command line: --nftables: no such option' 'see tuff --help' \
	bash -c '"$0" --nftables $$; exit' "$tuff"
refuses 2 'tuff: command line: --foregound: no such option' \
	'did you mean --foreground?' "$tuff" wg0 --foregound
refuses 2 'tuff: command line: wg1: one name is enough' \
	'usage: tuff [-f] NAME' "$tuff" -f wg0 wg1
refuses 2 'tuff: command line: gnekey: no such command' \
	'did you mean genkey? (for a tunnel of this name: tuff -- gnekey)' "$tuff" gnekey
refuses 2 'tuff: command line: status: no such command' \
	'tuff show says what runs (for a tunnel of this name: tuff -- status)' "$tuff" status
refuses 2 'tuff: command line: status: no such command' 'tuff show says what runs' \
	"$tuff" status wg0
refuses 2 'tuff: command line: stauts: no such command' \
	'did you mean status? tuff show says what runs (for a tunnel of this name: tuff -- stauts)' \
	"$tuff" stauts
refuses 2 'tuff: command line: upp: no such command' \
	'did you mean up? (for a tunnel of this name: tuff -- upp)' "$tuff" upp
refuses 2 'tuff: command line: list: no such command' \
	'tuff show says what runs (for a tunnel of this name: tuff -- list)' "$tuff" list --json
refuses 2 'tuff: help: restart: no such command' \
	'tuff reload NAME applies a changed file and keeps all sessions; for all anew: tuff down NAME; tuff up NAME' \
	"$tuff" help restart
for word in stop metrics bench keygen; do
	run "$tuff" $word
	[ "$status" = 2 ] || fail "$word: exit $status: $err"
	[[ $err == *"no such command"*"hint: "*"tuff -- $word)" ]] || fail "$word: $err"
	echo "ok - $word is no name"
done
refuses 2 'tuff: command line: pubky: no such command' \
	'did you mean pubkey?' "$tuff" pubky private
refuses 2 'tuff: command line: frobnicate: no such command' \
	'see tuff --help' "$tuff" frobnicate wg0
refuses 2 'tuff: help: genpks: no such command' 'did you mean genpsk?' "$tuff" help genpks
refuses 2 'tuff: version: wg0: no argument is expected' 'usage: tuff version' "$tuff" version wg0
refuses 2 'tuff: help: x: no such command' 'see tuff --help' "$tuff" help x
refuses 2 'tuff: help: pubkey: one command at most' 'usage: tuff help [COMMAND]' \
	"$tuff" help genkey pubkey
doctor='usage: tuff doctor NAME|FILE [--json] [--listen SECONDS]'
refuses 2 'tuff: doctor: NAME|FILE: it is missing' "$doctor" "$tuff" doctor --json
refuses 2 'tuff: doctor: --jsno: no such option' "$doctor" "$tuff" doctor --jsno
refuses 2 'tuff: doctor: wg1: one name is enough' "$doctor" "$tuff" doctor wg0 wg1
refuses 2 'tuff: doctor: --listen: a number of seconds must follow' "$doctor" \
	"$tuff" doctor wg0 --listen
refuses 2 'tuff: doctor: --listen: a number of seconds must follow' "$doctor" \
	"$tuff" doctor --listen wg0
declare -A usage=([down]='NAME|FILE [--if-up]' [reload]='NAME|FILE')
for verb in down reload; do
	refuses 2 "tuff: $verb: NAME: it is missing" "usage: tuff $verb ${usage[$verb]}" "$tuff" $verb
	refuses 2 "tuff: $verb: wg1: one name or file is wanted" "usage: tuff $verb ${usage[$verb]}" \
		"$tuff" $verb wg0 wg1
	refuses 2 "tuff: $verb: -x: one name or file is wanted" "usage: tuff $verb ${usage[$verb]}" \
		"$tuff" $verb -x
	refuses 2 'tuff: wg%: name of the link: only ASCII characters without spaces, '"'/', ':' and '%' are allowed" \
		'1 to 15 characters, such as wg0' "$tuff" $verb wg%
done
refuses 2 'tuff: genkey: x: no argument is expected' 'usage: tuff genkey' "$tuff" genkey x

# Who asks for JSON gets the error so, too.
run "$tuff" check --json "$scratch/nosuch.conf"
[ "$status" = 1 ] || fail "check --json of a missing file: exit $status"
[[ $err == "tuff: $scratch/nosuch.conf: "*"No such file or directory"* ]] || fail "its error: $err"
[[ $out == *'"problems": true'* && $out == *'"code": "syntax"'* &&
	$out == *'"reason": "'*'No such file or directory"'* ]] || fail "its JSON: $out"
echo 'ok - check --json of a missing file'

# A credential is there for the service alone.
printf '[Interface]\nPrivateKeyFile = credential:wg0\n' >"$scratch/wg0.conf"
prints "*$scratch/wg0.conf:2: note: a key is a credential, *\\[credential\\]" \
	env -u CREDENTIALS_DIRECTORY "$tuff" check "$scratch/wg0.conf"
run env CREDENTIALS_DIRECTORY="$scratch" "$tuff" check "$scratch/wg0.conf"
[[ $status == 3 && $out == *'error: '*'[key-file]'* ]] ||
	fail "a credential that is missing: $out"
echo 'ok - credentials'

name='1 to 15 characters, such as wg0'
refuses 2 'tuff: : name of the link: it is empty' "$name" "$tuff" ''
refuses 2 'tuff: abcdefghijklmnop: name of the link: it is longer than 15 characters' "$name" \
	"$tuff" abcdefghijklmnop
refuses 2 "tuff: ..: name of the link: it is a folder's" "$name" "$tuff" ..
refuses 2 "tuff: -x: name of the link: it starts with '-'" "$name" "$tuff" -- -x
for bad in wg/0 wg:0 'wg 0' wg%d wgé; do
	refuses 2 "tuff: $bad: name of the link: only ASCII characters without spaces, '/', ':' and '%' are allowed" \
		"$name" "$tuff" -f "$bad"
done
refuses 2 "tuff: a?b: name of the link: only ASCII characters without spaces, '/', ':' and '%' are allowed" \
	"$name" "$tuff" $'a\nb'

refuses 2 'tuff: environment: WG_TUN_FD=99: not an open descriptor' \
	'it is the number of a descriptor that the program inherits' env WG_TUN_FD=99 "$tuff" wg0
refuses 2 'tuff: environment: WG_UAPI_FD=x: not an open descriptor' \
	'it is the number of a descriptor that the program inherits' env WG_UAPI_FD=x "$tuff" wg0

key='+([A-Za-z0-9+/])='
prints "$key" "$tuff" genkey
[ "${#out}" = 44 ] || fail "a key has 44 characters"
prints "$key" "$tuff" genpsk
prints 'hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=' bash -c "
	echo dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo= | '$tuff' pubkey"
not_a_key='tuff: pubkey: standard input: not a key of 44 characters in base64'
refuses 1 "$not_a_key" 'make one with: tuff genkey' "$tuff" pubkey
refuses 1 "$not_a_key" 'make one with: tuff genkey' \
	bash -c "echo dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LC= | '$tuff' pubkey"
refuses 1 "$not_a_key" 'make one with: tuff genkey' \
	bash -c "head -c 1000000 /dev/zero | '$tuff' pubkey"

# A key goes where it is sent; that others can read it is said.
umask 022
run bash -c "'$tuff' genkey >'$scratch/key'"
[ "$status $(wc -c <"$scratch/key")" = '0 45' ] || fail 'a key into a file'
[ "$err" = "tuff: genkey: standard output: others can read this file
hint: (umask 077; tuff genkey > FILE)" ] || fail "no word of others who can read: $err"
umask 077
run bash -c "'$tuff' genkey >'$scratch/secret'"
[ "$status $err" = '0 ' ] || fail "a key into a secret file: $err"
run bash -c "'$tuff' genkey >/dev/full"
[ "$status" = 1 ] || fail 'a full disk is an error'
[ "$err" = 'tuff: genkey: write standard output: No space left on device' ] || fail "$err"
