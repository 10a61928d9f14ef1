#!/usr/bin/env python3
"""Runs the proof of the engine's confinement, and compares what came of it with the table in
docs/SECURITY.md, or writes that.

Usage: table.py BREAKOUT SECURITY.md [--write | --names]

Exit status 0: nothing got out, and the table is right. What a kernel does not have at all cannot
be compared, and what a layer by itself stops differs between kernels and their settings: on
another one than the table's (Linux MAJOR.MINOR, in the line before it) nine of ten must agree.
--names: compares nothing but the names, and needs no root.
"""
import platform
import re
import subprocess
import sys
from pathlib import Path

BEGIN = "<!-- table of tests/breakout/table.py --write -->\n"
END = "<!-- end of the table -->\n"


def parts(text):
    before, rest = text.split(BEGIN)
    table, after = rest.split(END)
    return before, table, after


def rows(table):
    """name -> what came of it: with nothing, with each layer, with all"""
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")]
             for line in table.splitlines() if line.startswith("|")]
    head, rest = cells[0], cells[2:]
    return head, {row[0]: row[1:] for row in rest}


def compare_names(documented, found):
    complaints = [f"{name}: not in the table" for name in found if name not in documented]
    if platform.machine() == "x86_64":  # others have not all of its calls
        complaints += [f"{name}: in the table, but not tried" for name in documented
                       if name not in found]
    return complaints


def compare(documented, found, columns, is_same_kernel):
    complaints = []
    names = [name for name in documented.keys() & found.keys()
             if found[name][0] == "done" and documented[name][0] == "done"]
    for i, column in enumerate(columns):
        differing = [f"{name}: {column}: {found[name][i] or 'done'}, in the table "
                     f"{documented[name][i] or 'done'}"
                     for name in names if found[name][i] != documented[name][i]]
        stopped = sum(documented[name][i] not in ("", "done") for name in names)
        is_alone = column not in ("seccomp", "all")
        if is_same_kernel or not is_alone or len(differing) * 10 > stopped:
            complaints += differing
    return complaints


def main():
    breakout, page = sys.argv[1], Path(sys.argv[2])
    before, table, after = parts(page.read_text())
    head, documented = rows(table)
    if "--names" in sys.argv:
        names = subprocess.run([breakout, "--names"], check=True, capture_output=True, text=True)
        complaints = compare_names(documented, names.stdout.splitlines())
    else:
        run = subprocess.run([breakout, "--table"], stdout=subprocess.PIPE, text=True)
        if "--write" in sys.argv and run.returncode == 0:
            page.write_text(before + BEGIN + run.stdout + END + after)
        if run.returncode or "--write" in sys.argv:
            return run.returncode
        found = rows(run.stdout)[1]
        release = re.findall(r"Linux (\d+\.\d+)", before)[-1]
        complaints = compare_names(documented, found)
        complaints += compare(documented, found, head[1:],
                              platform.release().startswith(release + "."))
    for complaint in complaints:
        print(complaint)
    return 1 if complaints or not documented else 0


if __name__ == "__main__":
    sys.exit(main())
