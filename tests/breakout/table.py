#!/usr/bin/env python3
"""Runs the proof of the engine's confinement, and compares what came of it with the table in
docs/SECURITY.md, or writes that.

Usage: table.py BREAKOUT SECURITY.md [--write | --names]

Exit status 0: nothing got out, and the table is right. Kernels differ in what they have, so
where an attempt does not succeed without confinement, here or in the table, only its name counts.
--names: compares nothing but the names, and needs no root.
"""
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


def compare(documented, found, columns):
    complaints = [f"{name}: not in the table" for name in found if name not in documented]
    complaints += [f"{name}: in the table, but not tried" for name in documented
                   if name not in found]
    for name in found.keys() & documented.keys():
        if found[name][0] != "done" or documented[name][0] != "done":
            continue
        for column, here, there in zip(columns, found[name], documented[name]):
            if here != there:
                complaints.append(f"{name}: {column}: {here or 'done'}, in the table "
                                  f"{there or 'done'}")
    return complaints


def main():
    breakout, page = sys.argv[1], Path(sys.argv[2])
    before, table, after = parts(page.read_text())
    head, documented = rows(table)
    if "--names" in sys.argv:
        names = subprocess.run([breakout, "--names"], check=True, capture_output=True, text=True)
        complaints = compare(documented, {name: [""] for name in names.stdout.splitlines()}, [])
    else:
        run = subprocess.run([breakout, "--table"], stdout=subprocess.PIPE, text=True)
        if "--write" in sys.argv and run.returncode == 0:
            page.write_text(before + BEGIN + run.stdout + END + after)
        if run.returncode or "--write" in sys.argv:
            return run.returncode
        complaints = compare(documented, rows(run.stdout)[1], head[1:])
    for complaint in complaints:
        print(complaint)
    return 1 if complaints or not documented else 0


if __name__ == "__main__":
    sys.exit(main())
