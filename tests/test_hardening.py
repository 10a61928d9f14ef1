#!/usr/bin/env python3
"""Reads from the program how it was built: that its addresses are random, that nothing is
both writable and executable, and what else the compiler claimed to do (cmake/hardening.cmake).

Usage: test_hardening.py PROGRAM LIBRARY-OF-OURS [CLAIM]...
"""

import re
import shutil
import subprocess
import sys


def read(option, program):
    return subprocess.run(["readelf", option, "-W", program], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def segments(program):
    """The flags of each segment, by its type: {"GNU_STACK": ["RW"]}."""
    flags = {}
    for line in read("-l", program).splitlines():
        # Type, offset, two addresses, two sizes, flags, alignment.
        match = re.match(r"\s+([A-Z_]+)(?:\s+0x[0-9a-f]+){5}\s+([RWE ]{3})\s", line)
        if match:
            flags.setdefault(match[1], []).append(match[2].replace(" ", ""))
    return flags


def are_marked(library, *marks):
    """Whether every object of a library has these marks."""
    objects = read("-n", library).split("\nFile: ")[1:]
    return bool(objects) and all(mark in each for mark in marks for each in objects)


def check(program, library, claims):
    """Each rule, and whether it holds; those of a claim only where it is claimed."""
    header, dynamic = read("-h", program), read("-d", program)
    symbols, notes = read("--dyn-syms", program), read("-n", program)
    parts = segments(program)

    yield "it is position-independent", ("Type:" in header and "DYN (" in header
                                         and "INTERP" in parts)
    yield "its code is not written to at start", "TEXTREL" not in dynamic
    yield "no part is writable and executable", not any(
        "W" in flags and "E" in flags for each in parts.values() for flags in each)
    yield "it looks for libraries nowhere else", not re.search(r"\((RPATH|RUNPATH)\)", dynamic)
    rules = {
        "noexecstack": ("its stack is not executable",
                        parts.get("GNU_STACK", ["RWE"]) == ["RW"]),
        "relro": ("its tables of addresses become read-only", "GNU_RELRO" in parts),
        "now": ("all of them, at start", bool(re.search(r"\bBIND_NOW\b|\bNOW\b", dynamic))),
        "stack-protector": ("its stack is guarded", "__stack_chk_fail" in symbols),
        "fortify": ("its copies are bounded", bool(re.search(r"__\w+_chk\b(?<!__stack_chk)",
                                                             symbols))),
        "cet": ("jumps and returns in our code are checked",
                are_marked(library, "IBT", "SHSTK")),
        "cet-whole": ("those in all of it are", "IBT" in notes and "SHSTK" in notes),
        "bti": ("jumps and returns in our code are checked", are_marked(library, "BTI", "PAC")),
        "bti-whole": ("those in all of it are", "BTI" in notes),
    }
    for claim in claims:
        yield rules[claim]


def main():
    if not shutil.which("readelf"):
        print("skip: needs readelf")
        return 77
    failed = 0
    for rule, holds in check(*sys.argv[1:3], sys.argv[3:]):
        print(f"{'ok' if holds else 'not ok'} - {rule}")
        failed += not holds
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
