#!/usr/bin/env python3
"""Reads from the program how it was built: that its addresses are random, that nothing is
both writable and executable, and what else the compiler claimed to do (cmake/hardening.cmake).
With glibc all of it must be there, whatever CMake found: a check that is wrong there would
otherwise claim nothing, and pass.

Usage: test_hardening.py PROGRAM LIBRARY-OF-OURS [debug] [CLAIM]...
  debug  what only optimised programs have is looked for only if it is claimed
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


def is_probed(program):
    """Whether a large frame of its stack is touched page by page; of x86-64's code."""
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", program], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return bool(re.search(r"sub +\$0x1000,%rsp\n.*(?:or|mov)q +\$0x0,\(%rsp\)\n", code))


def must_have(program, debug):
    """What is claimed of every program with glibc, by its processor."""
    header, loader = read("-h", program), read("-l", program)
    if not re.search(r"interpreter: .*/ld-linux[^/]*\]", loader):
        return set()
    claims = {"stack-protector", "relro", "now", "noexecstack"}
    if not debug:
        claims.add("fortify")
    if "X86-64" in header:
        claims |= {"stack-clash", "cet"}
    if "AArch64" in header:
        claims.add("bti")
    return claims


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
        "stack-clash": ("its stack does not jump over what guards it",
                        "X86-64" not in header or is_probed(program)),
        "fortify": ("its copies are bounded", bool(re.search(r"__\w+_chk\b(?<!__stack_chk)",
                                                             symbols))),
        "cet": ("jumps and returns in our code are checked",
                are_marked(library, "IBT", "SHSTK")),
        "cet-whole": ("those in all of it are", "IBT" in notes and "SHSTK" in notes),
        "bti": ("jumps and returns in our code are checked", are_marked(library, "BTI", "PAC")),
        "bti-whole": ("those in all of it are", "BTI" in notes),
    }
    for claim in sorted(claims):
        yield rules[claim]


def main():
    if not shutil.which("readelf"):
        print("skip: needs readelf")
        return 77
    program, library, *words = sys.argv[1:]
    claims = set(words) - {"debug"} | must_have(program, "debug" in words)
    failed = 0
    for rule, holds in check(program, library, claims):
        print(f"{'ok' if holds else 'not ok'} - {rule}")
        failed += not holds
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
