#!/usr/bin/env bash
# What show tells programs: columns, JSON and JSON lines; of very many peers, in little
# memory, while they come and go; and packets that were lost before anybody read them.
#
#   host a: wga with 30000 peers, no one else
#
# Usage: show.sh PROGRAM
. "$(dirname "$0")/lib.sh"
need wg python3
program=$(program "$1")
isolate "$@"
peers=30000

host a
key a
daemon a "$program" wga
wg set wga private-key "$work/a" listen-port 1001
ip -n a addr add 10.0.0.1/8 dev wga
ip -n a link set wga addrgenmode none up

# field EXPRESSION: of the document on standard input, as j, and of its only interface, i.
field() {
	python3 -c 'import json, sys
j = json.load(sys.stdin)
i = j["interfaces"][0]
print(eval(sys.argv[1]))' "$1"
}

# shows EXPRESSION VALUE
shows() {
	local got
	got=$("$program" show --json wga | field "$1")
	[ "$got" = "$2" ] || { echo "$1: $got, not $2"; return 1; }
}
ok "JSON names the process that runs the tunnel" shows 'i["pid"]' "${pid[wga]}"
ok "JSON has the time that it is of" shows 'abs(j["time"] - __import__("time").time()) < 60' True
ok "JSON has how long the tunnel runs" shows '0 <= i["uptime"] < 600' True

# watch: two documents, one a line.
watch() {
	local lines
	mkfifo "$work/watched"
	"$program" show --json --watch wga >"$work/watched" &
	local watcher=$!
	lines=$(head -n 2 "$work/watched" | while read -r line; do
		field 'j["time"] > 0 and i["interface"] == "wga"' <<<"$line"
	done)
	kill "$watcher"
	wait "$watcher" || true
	[ "$lines" = $'True\nTrue' ] || { echo "$lines"; return 1; }
}
ok "watched JSON is a document a line" watch

# uapi: a request on standard input to wga's control socket; the last line of the answer.
uapi() {
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect("/run/wireguard/wga.sock")
s.sendall(sys.stdin.buffer.read())
tail = b""
while not tail.endswith(b"\n\n"):
    piece = s.recv(65536)
    if not piece:
        sys.exit("cut off")
    tail = (tail + piece)[-64:]
print(tail.split(b"\n")[-3].decode())'
}

# add_peers: each has one address of 10/8 from 10.128.0.0 on.
add_peers() {
	python3 -c 'import hashlib, sys
print("set=1")
for i in range(int(sys.argv[1])):
    print("public_key=" + hashlib.sha256(b"%d" % i).hexdigest())
    print(f"allowed_ip=10.{128 + (i >> 16)}.{i >> 8 & 255}.{i & 255}/32")
print()' "$peers" | uapi | grep -qx errno=0
}
ok "very many peers are added in one change" add_peers
# counts COMMAND...: it prints that many lines, each with another key.
counts() {
	[ "$("$@" | awk '{print $2}' | sort -u | wc -l)" = "$peers" ]
}
ok "show --brief has a line for each" counts "$program" show --brief wga
ok "each line has eight words" \
	bash -c "! '$program' show --brief wga | awk 'NF != 8' | grep -q ."
ok "JSON has each of them once" shows 'len({p["public_key"] for p in i["peers"]})' "$peers"
ok "wg shows each of them" bash -c "[ \$(wg show wga peers | sort -u | wc -l) = $peers ]"
ok "wg's own way to print and to read a configuration takes them" bash -c \
	"wg showconf wga >'$work/saved' && wg syncconf wga '$work/saved' && wg setconf wga '$work/saved'"
ok "and they are all there" counts "$program" show --brief wga

# slow_reader: one that reads nothing while peers go and come, and then all of it.
slow_reader() {
	python3 -c 'import hashlib, re, socket, sys
def ask(text):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(float(sys.argv[2]))  # who is held up fails
    s.connect("/run/wireguard/wga.sock")
    s.sendall(text.encode())
    return s
def rest(s):
    got = b""
    while not got.endswith(b"\n\n"):
        piece = s.recv(1 << 20)
        assert piece, "cut off"
        got += piece
    return got.decode()
n = int(sys.argv[1])
key = [hashlib.sha256(b"%d" % i).hexdigest() for i in range(n)]
slow = ask("get=1\n\n")
for i in range(0, n, 3):
    change = f"set=1\npublic_key={key[i]}\nremove=true\n"
    if i % 2:
        change += f"public_key={key[i]}\nallowed_ip=10.1.0.0/32\n"
    if i < 3000 or i > n - 3000:
        assert rest(ask(change + "\n")) == "errno=0\n\n"
answer = rest(slow)
assert answer.endswith("errno=0\n\n")
told = re.findall("public_key=([0-9a-f]+)", answer)
assert len(told) == len(set(told)), "a peer came twice"
stayed = {key[i] for i in range(n) if i % 3}
assert stayed <= set(told) <= set(key), "a peer was lost"' "$peers" "$deadline"
}
ok "a slow reader holds up nobody, and gets each that stays once" slow_reader
wg setconf wga "$work/saved"

# memory COMMAND...: the most KiB that it has at any time.
memory() {
	python3 -c 'import os, subprocess, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[
    (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
_, status, used = os.wait4(pid, 0)
assert status == 0
print(used.ru_maxrss)' "$@"
}
# is_small ARGUMENT...: that show of all takes no more than one of a single peer, or nearly.
is_small() {
	local many few
	many=$(memory "$program" show wga "$@")
	few=$(memory "$program" show "$@" wgfew)
	echo "$many KiB for $peers peers, $few KiB for one"
	[ "$many" -lt $((few + 4000)) ]
}
daemon a "$program" wgfew
wg set wgfew peer "$(cat "$work/a.pub")"
if [ -z "${NETNS_SANITIZED:-}" ]; then # those keep what is freed
	ok "show takes no more memory for them" is_small
	ok "show --json neither" is_small --json
fi

# overflow: more into the link than its queue holds, while its engine stands still.
overflow() {
	ip -n a link set wga txqueuelen 10
	kill -STOP "$(engine_of "${pid[wga]}")"
	at a python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(500):
    s.sendto(b"x", ("10.0.0.9", 9))'
	kill -CONT "$(engine_of "${pid[wga]}")"
}
ok "packets come that nobody reads" overflow
ok "show tells of the full queue" bash -c \
	"'$program' show wga | grep -Eq '^  dropped: .*link-queue-full [0-9]+'"
ok "JSON too" shows 'i["drops"]["link-queue-full"] > 300' True
ok "doctor knows what to do" bash -c \
	"ip netns exec a '$program' doctor wga | grep -q 'txqueuelen'"
ok "no socket lost any" shows 'i["drops"]["socket-queue-full"]' 0
