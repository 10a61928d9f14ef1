#!/usr/bin/env python3
"""The structure that docs/ARCHITECTURE.md promises: who includes whom, what the pure
folders may call, that nothing unfinished is left in the sources, and that the manuals
tell of everything.

Usage: test_structure.py SOURCE-DIR BUILD-DIR
"""
import functools
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

# folder -> what it may include besides itself: folders, or single headers of them
EDGES = {
    "base": set(),
    "crypto": {"base"},
    "noise": {"crypto", "base"},
    "allowedips": {"base"},
    "route": {"base"},
    "tun": {"base"},
    "udp": {"base"},
    "core": {"noise", "crypto", "allowedips", "base"},
    "os": {"crypto", "base"},
    "confine": {"base"},
    "conf": {"confine/report.h", "core/config.h", "confine/report.h", "crypto", "base"},
    "ctl": {"core/config.h", "core/drops.h", "confine/report.h", "os", "crypto", "base"},
    "pair": {"core/config.h", "core/drops.h", "crypto/lockedkey.h", "crypto/secret.h",
             "crypto/x25519.h", "base"},
    "host": {"conf", "route", "os", "crypto", "base"},
    "engine": {"core", "pair", "tun", "udp", "confine", "os", "crypto", "base"},
    "keeper": {"host", "conf", "ctl", "core", "pair", "route", "tun", "udp", "confine", "os", "crypto",
               "base"},
    "doctor": {"host", "conf", "ctl", "route", "os", "crypto", "base"},
    "cli": {"keeper", "doctor", "host", "conf", "ctl", "route", "os", "crypto", "base"},
}
# headers of the outside -> the folders that are their only door
DOORS = {
    r"sodium(\.h|/)|blake2\.h|(intel-)?ipsec-mb\.h": {"crypto"},
    r"linux/": {"tun", "udp", "route", "confine", "keeper", "doctor"},
    r"seccomp\.h|cap-ng\.h|linux/(landlock|seccomp)\.h": {"confine"},
    r"libmnl/": {"route", "keeper"},
    r"uv\.h|pthread\.h|threads\.h": {"os", "confine", "host", "engine", "keeper"},
}
# Libraries that neither do I/O, nor read a clock, nor know of threads, and whose objects
# need each other in one direction only; and where they are built.
PURE = {"base": "base", "crypto": "crypto", "noise": "noise", "core": "core", "ctl": "ctl",
        "allowedips": "allowedips", "offload": "tun", "conf": "conf", "plan": "host",
        "diagnosis": "doctor", "pair": "pair", "confinement": "confine",
        "steps": "keeper"}
IMPURE = re.compile(
    r"^(socket|bind|connect|accept4?|send(to|msg|mmsg)?|recv(from|msg|mmsg)?|ioctl|"
    r"clock_gettime|gettimeofday|time|nanosleep|clock_nanosleep|timerfd_\w+|epoll_\w+|"
    r"p?poll|select|uv_\w+|pthread_\w+|thrd_\w+|mtx_\w+|fork|exec\w+|mnl_\w+)$")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# Of a file of the sources, and of one of the tests and benches.
MAX_LINES = 400
MAX_TEST_LINES = 600
# What is longer, until it is split.
LONGER = {"keeper/loop.c"}
# Here nearly all that is compared is a key, a mac or a tag: wg_equal takes as long
# whatever they are. A timestamp is compared by order, and was authentic before.
SECRETIVE = {"crypto", "noise"}
BYTEWISE = re.compile(r"\b(memcmp|bcmp)\s*\(")
MAY_COMPARE = {"tai64n.c"}

# Folders whose comments were gone through: each names its subject (docs/CONTRIBUTING.md).
PLAIN = {"base", "crypto", "noise", "core", "allowedips", "route", "tun", "udp", "conf", "ctl"}
COMMENT = re.compile(r"/\*(.*?)\*/", re.DOTALL)
UNPLAIN = re.compile(r"(?:^|[.:;?] )(?:What|Who|Whoever)\b|[,;:] else\b|\b(?:or else|but for)\b")

complaints = []


def complain(where, what):
    complaints.append(f"{where}: {what}")


def sources(root, *folders):
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in {".c", ".h"}:
                yield path


@functools.cache
def readers_of(header):
    """Whom a header's first comment names as the only ones that include it."""
    comment = header.read_text().partition("*/")[0]
    words = re.sub(r"\n \*", " ", comment)
    found = re.search(r"[Oo]nly (this folder|commands|the keeper|[\w/*]+\.c) includes? it",
                      re.sub(r"\s+", " ", words))
    if not found:
        return None
    own = f"{header.parent.name}/*"
    return {"this folder": (own,), "commands": (own, "cli/*", "doctor/*"),
            "the keeper": (own, "keeper/*")}.get(found[1], (f"{found[1][:-2]}.[ch]",))


def check_reader(where, path, header):
    readers = readers_of(header) if header.is_file() else None
    inside = path.as_posix().removeprefix("src/")
    if readers and not any(fnmatch(inside, reader) for reader in readers):
        complain(where, f"is none of those that include {header.name}: {' '.join(readers)}")


def check_include(path, number, folder, name, is_ours):
    where = f"{path}:{number}"
    if is_ours:
        target = name.split("/")[0]
        allowed = EDGES.get(folder)
        if allowed is not None and target != folder and not allowed & {target, name}:
            complain(where, f"{folder} may not include {name}")
        return
    for door, folders in DOORS.items():
        if re.match(door, name) and folder not in folders:
            complain(where, f"only {' '.join(sorted(folders))} may include <{name}>")


def check_includes(root):
    count = 0
    for path in sources(root, "src"):
        folder = path.relative_to(root / "src").parts[0]
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.match(r'\s*#\s*include\s+([<"])([^>"]+)', line)
            if found:
                inside = path.relative_to(root)
                check_include(inside, number, folder, found[2], found[1] == '"')
                if found[1] == '"':
                    check_reader(f"{inside}:{number}", inside, root / "src" / found[2])
                count += 1
    return count


def most_lines(root, path):
    inside = path.relative_to(root).as_posix()
    is_source = inside.startswith("src/") and inside.removeprefix("src/") not in LONGER
    return MAX_LINES if is_source else MAX_TEST_LINES


def check_text(root):
    for path in sources(root, "src", "tests", "bench"):
        lines = path.read_text().splitlines()
        if len(lines) > most_lines(root, path):
            complain(path.relative_to(root), f"{len(lines)} lines: does it hold one noun?")
        for number, line in enumerate(lines, 1):
            if UNFINISHED.search(line):
                complain(f"{path.relative_to(root)}:{number}", "unfinished")
            if (path.parent.name in SECRETIVE and path.name not in MAY_COMPARE
                    and BYTEWISE.search(line)):
                complain(f"{path.relative_to(root)}:{number}", "compares in variable time")


def check_calls(build):
    count = 0
    for library, folder in PURE.items():
        archive = build / "src" / folder / f"libwg_{library}.a"
        if not archive.exists():
            complain(archive.relative_to(build), "is not built")
            continue
        listed = subprocess.run(["nm", "-u", archive], check=True, capture_output=True, text=True)
        for line in listed.stdout.splitlines():
            symbol = line.split()[-1].split("@")[0] if line.split() else ""
            count += 1
            if IMPURE.match(symbol):
                complain(archive.name, f"pure, but calls {symbol}")
    return count


def check_comments(root):
    for path in sources(root, *(f"src/{folder}" for folder in sorted(PLAIN))):
        text = path.read_text()
        for found in COMMENT.finditer(text):
            words = re.sub(r"\s+(?:\* ?)?", " ", found[1]).strip()
            unplain = UNPLAIN.search(words)
            if unplain:
                number = text.count("\n", 0, found.start()) + 1
                complain(f"{path.relative_to(root)}:{number}",
                         f"a comment that hides its subject, or is odd: {unplain[0].strip()}")


def needs_of(archive):
    """Object -> the objects of the archive that define what it uses."""
    listed = subprocess.run(["nm", archive], check=True, capture_output=True, text=True)
    defined, used = {}, {}
    for line in listed.stdout.splitlines():
        words = line.split()
        if line.endswith(".o:"):
            member = line.split(".")[0]
            used[member] = set()
        elif len(words) == 2 and words[0] == "U":
            used[member].add(words[1])
        elif len(words) == 3 and words[1] in "TDBRVWC":
            defined[words[2]] = member
    return {member: {defined[symbol] for symbol in symbols & defined.keys()} - {member}
            for member, symbols in used.items()}


def circle_in(needs):
    """Some objects that need each other in a circle, or None."""
    needs = dict(needs)
    while needs:
        lowest = {member for member, below in needs.items() if not below & needs.keys()}
        if not lowest:
            break
        needs = {member: below for member, below in needs.items() if member not in lowest}
    if not needs:
        return None
    path = [min(needs)]
    while path.count(path[-1]) == 1:
        path.append(min(needs[path[-1]] & needs.keys()))
    return path[path.index(path[-1]):]


def check_circles(build):
    count = 0
    for library, folder in PURE.items():
        archive = build / "src" / folder / f"libwg_{library}.a"
        needs = needs_of(archive) if archive.exists() else {}
        circle = circle_in(needs)
        if circle:
            complain(archive.name, f"a circle: {' needs '.join(circle)}")
        count += len(needs)
    return count


# What users can write or be told -> the page that says what it means.
DOCUMENTED = [
    ("src/conf/conf_interface.c", r'^\t\{"(\w+)", ', "docs/tuff.conf.5"),
    ("src/conf/conf_peer.c", r'^\t\{"(\w+)", ', "docs/tuff.conf.5"),
    ("src/cli/command.c", r'\.name = "(\w+)"', "docs/tuff.8"),
    ("src/core/drops.h", r'X\(\w+, "([\w-]+)"\)', "docs/json.md"),
    ("src/conf/check*.c", r'WG_CHECK_[A-Z]+,\s*"([\w-]+)"', "docs/json.md"),
    ("src/doctor/diagnosis*.c", r'WG_CHECK_[A-Z]+,\s*"([\w-]+)"', "docs/json.md"),
    ("src/ctl/show_json.c", r'object_set_new\(json, "(\w+)"', "docs/json.md"),
]


def check_documentation(root):
    for sources_of, pattern, page in DOCUMENTED:
        text = (root / page).read_text()
        words = [word for path in root.glob(sources_of)
                 for word in re.findall(pattern, path.read_text(), re.MULTILINE)]
        assert words, f"{sources_of} has nothing to document"
        for word in words:
            if not re.search(rf"(?<![\w-]){word}(?![\w-])", text):
                complain(page, f"does not tell of {word}")


def main():
    root, build = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    n_includes = check_includes(root)
    check_text(root)
    check_comments(root)
    check_documentation(root)
    n_symbols = check_calls(build)
    n_objects = check_circles(build)
    assert n_includes and n_symbols and n_objects, "nothing was checked"
    print(f"{n_includes} includes, {n_symbols} calls out of {len(PURE)} pure libraries, "
          f"{n_objects} objects without a circle")
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
