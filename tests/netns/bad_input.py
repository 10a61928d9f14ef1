#!/usr/bin/env python3
"""Sends bad input to a daemon's control socket and UDP port and watches what it does.

Usage: bad_input.py SOCKET IPV4 PORT PID
"""
import os
import random
import re
import socket
import sys

PATH, ADDRESS, PORT, PID = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
KEY = "00" * 31 + "42"
PEER = f"public_key={KEY}\n"
OTHER = f"public_key={'17' * 32}\n"
TIMEOUT = 60

# Requests of which nothing may be applied; most begin with good lines.
BAD_SETS = [
    "nonsense\n", "=\n", "=value\n", "listen_port\n", "listen_port=\n",
    "listen_port=65536\n", "listen_port=-1\n", "listen_port= 1\n", "listen_port=1 \n",
    "listen_port=0x10\n", "listen_port=99999999999999999999\n", "fwmark=4294967296\n",
    "fwmark=\n", "private_key=42\n", f"private_key={KEY}00\n", f"private_key={'g' * 64}\n",
    "replace_peers=false\n", "unknown=1\n", "get=1\n", "set=1\n", "public_key=\n",
    "preshared_key=42\n", "allowed_ip=10.0.0.0/8/8\n", "endpoint=192.0.2.1:port\n",
    PEER + "allowed_ip=10.0.0.0/33\n",
    PEER + "allowed_ip=::/129\n", PEER + "allowed_ip=10.0.0/8\n", PEER + "allowed_ip=/8\n",
    PEER + "endpoint=192.0.2.1\n", PEER + "endpoint=192.0.2.1:\n",
    PEER + "endpoint=192.0.2.1:65536\n", PEER + "endpoint=::1:1\n",
    PEER + "endpoint=[::1:1\n", PEER + "endpoint=name:1\n",
    PEER + "persistent_keepalive_interval=65536\n", PEER + "persistent_keepalive_interval=x\n",
    PEER + "protocol_version=2\n", PEER + "remove=false\n", PEER + "unknown=1\n",
    PEER + "replace_allowed_ips=1\n", PEER + "update_only=maybe\n", PEER + "listen_port=5\n",
    "listen_port=0\x005\n", PEER + "allowed_ip=10.0.0.0/8\x00\n",
]


def connect():
    client = socket.socket(socket.AF_UNIX)
    client.connect(PATH)  # waits where the backlog is full, unlike with a timeout
    client.settimeout(TIMEOUT)
    return client


def answer(client):
    """What comes until the empty line that ends an answer, or until the end."""
    text = b""
    while not text.endswith(b"\n\n"):
        more = client.recv(65536)
        if not more:
            break
        text += more
    return text.decode()


def ask(request):
    with connect() as client:
        client.sendall(request.encode())
        return answer(client)


def error_of(text):
    found = re.search(r"^errno=(-?\d+)\n\n\Z", text, re.MULTILINE)
    assert found, f"no errno in {text!r}"
    return int(found[1])


def configuration():
    """All but what packets change."""
    text = ask("get=1\n\n")
    assert error_of(text) == 0
    return re.sub(r"^((rx|tx)_bytes|last_handshake_time_n?sec)=.*\n", "", text,
                  flags=re.MULTILINE)


def resident():
    with open(f"/proc/{PID}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


def bad_sets():
    before = configuration()
    for bad in BAD_SETS:
        # A good change comes first, and must not stay.
        for good in ["fwmark=7\n", f"replace_peers=true\n{OTHER}allowed_ip=10.0.0.0/8\n"]:
            code = error_of(ask(f"set=1\n{good}{bad}\n"))
            assert code < 0, f"{good + bad!r}: errno {code}, not negative"
            assert configuration() == before, f"{good + bad!r} changed something"
    return len(BAD_SETS)


def bad_gets():
    for bad in ["get=2\n\n", "get=1\nunknown=1\n\n", "what=1\n\n", "\n", "get\n\n", "\x00\n\n"]:
        with connect() as client:
            client.sendall(bad.encode())
            client.shutdown(socket.SHUT_WR)
            text = answer(client)
            assert text == "" or error_of(text) != 0, f"{bad!r}: {text!r}"
    return 6


def garbage():
    chance = random.Random(1)
    for _ in range(200):
        with connect() as client:
            try:
                client.sendall(chance.randbytes(chance.randrange(4096)))
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
            except (BrokenPipeError, ConnectionResetError):
                pass  # cut off while it still spoke
    return 200


def endless():
    """A request without an end is cut off, and so is a line without one."""
    pieces = [b"x" * 65536, b"unknown=1\n" * 6553]
    if not os.environ.get("NETNS_SANITIZED"):  # a gigabyte takes minutes there
        pieces.append(PEER.encode() * 900)
    for piece in pieces:
        with connect() as client:
            client.sendall(b"set=1\n")
            sent = 0
            try:
                while sent < 2 << 30:
                    sent += client.send(piece)
            except (BrokenPipeError, ConnectionResetError):
                pass
            assert sent < 2 << 30, "nothing bounds a request"
            configuration()
    return len(pieces)


def silent():
    """Clients that stop in the middle, and clients that do not read, hold nobody up."""
    clients = [connect() for _ in range(200)]
    for i, client in enumerate(clients):
        try:
            client.sendall(b"set=1\nfwmark=7\n" if i % 2 else b"get=1\n\n" * 1000)
        except (BrokenPipeError, ConnectionResetError):
            pass  # one client too many
    before = configuration()
    for client in clients:
        client.close()
    assert configuration() == before
    return len(clients)


def datagrams():
    """Every type with every length around the messages' own, and some huge ones."""
    chance = random.Random(2)
    count = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect((ADDRESS, PORT))
        sender.setblocking(False)
        for kind in range(7):
            for length in [*range(200), 1400, 1452, 1500, 2048, 9000, 65507]:
                data = bytearray(chance.randbytes(length))
                data[:4] = kind.to_bytes(4, "little")[:length]
                sender.send(data)
                count += 1
        sender.settimeout(0.2)
        try:
            raise AssertionError(f"answered with {sender.recv(2048)!r}")
        except TimeoutError:
            pass
    return count


def main():
    before = resident()
    for part in [bad_sets, bad_gets, garbage, endless, silent, datagrams]:
        count = part()
        os.kill(PID, 0)
        print(f"ok - {part.__name__}: {count}", flush=True)
    grown = resident() - before
    print(f"resident grew by {grown} KiB")
    if not os.environ.get("NETNS_SANITIZED"):
        assert grown < 8192, "it grew"


main()
