#!/usr/bin/env python3
"""One TCP stream of a known content: sends it, or receives and checks it to its end.

Usage: stream.py send ADDRESS PORT MEGABYTES
       stream.py receive PORT MEGABYTES
"""
import random
import socket
import sys

MEGABYTE = 1000 * 1000
STALLED = 60  # seconds without a byte


def content(number):
    """One megabyte, another for each number."""
    return random.Random(number).randbytes(MEGABYTE)


def send(address, port, megabytes):
    with socket.create_connection((address, port), STALLED) as stream:
        for number in range(megabytes):
            stream.sendall(content(number))
        stream.shutdown(socket.SHUT_WR)
        # The receiver closes when it has seen all of it.
        assert stream.recv(1) == b"", "there was no answer to come"


def receive_exactly(stream, length):
    data = bytearray()
    while len(data) < length:
        more = stream.recv(length - len(data))
        assert more, f"the stream ends {length - len(data)} bytes early"
        data += more
    return data


def receive(port, megabytes):
    with socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        stream, _ = server.accept()
        with stream:
            stream.settimeout(STALLED)
            for number in range(megabytes):
                assert receive_exactly(stream, MEGABYTE) == content(number), f"in MB {number}"
            assert stream.recv(1) == b"", "there is more than was sent"


def main():
    if sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        receive(int(sys.argv[2]), int(sys.argv[3]))


main()
