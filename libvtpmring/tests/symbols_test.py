#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the library needs and what it shows to the linker.

symbols_test.py --nm NM --core LIB     objects of the core
symbols_test.py --nm NM --names LIB    external names only
symbols_test.py --nm NM --cc CC --self-test
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

ALLOWED = {"memcpy", "memset", "memmove", "memcmp", "_GLOBAL_OFFSET_TABLE_"}
OWN = re.compile(r"vtpmring_[a-z0-9_]+$")


def symbols(nm, library):
    text = subprocess.run([nm, library], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    for line in text.splitlines():
        match = re.match(r"[0-9a-f ]{16,}\s*([A-Za-z])\s+(\S+)$", line)
        if match:
            yield match.group(1), match.group(2)


def check(nm, library, core):
    """Returns the violations, and how many names were looked at."""
    found, count = [], 0
    for kind, name in symbols(nm, library):
        count += 1
        if core and kind in "BbDdCcGgSs":
            found.append("has a variable " + name)
        if kind in "Uw":
            if core and name not in ALLOWED and not OWN.match(name):
                found.append("needs " + name)
        elif kind.isupper() and not OWN.match(name):
            found.append("shows " + name)
    return found, count


BAD = {
    "needs malloc": "#include <stdlib.h>\nvoid *vtpmring_x(void);\n"
                    "void *vtpmring_x(void) { return malloc(1); }\n",
    "needs puts": "int puts(const char *);\nvoid vtpmring_y(void);\n"
                  "void vtpmring_y(void) { puts(\"\"); }\n",
    "shows helper": "int helper(void);\nint helper(void) { return 1; }\n",
    "has a variable vtpmring_z": "int vtpmring_z = 3;\n",
    "has a variable kept": "int vtpmring_k(void);\nint vtpmring_k(void)\n"
                           "{ static int kept; return kept++; }\n",
}
GOOD = ("#include <string.h>\nvoid vtpmring_g(char *, char *);\n"
        "static int hidden(int x) { return x + 1; }\n"
        "void vtpmring_g(char *a, char *b)\n"
        "{ memcpy(a, b, (size_t)hidden(a[0])); }\n")


def self_test(nm, cc):
    cases = [(text, want) for want, text in BAD.items()] + [(GOOD, None)]
    with tempfile.TemporaryDirectory() as folder:
        for text, want in cases:
            source = os.path.join(folder, "a.c")
            target = os.path.join(folder, "a.o")
            with open(source, "w", encoding="ascii") as file:
                file.write(text)
            subprocess.run([cc, "-O1", "-ffreestanding", "-fno-stack-protector",
                            "-fno-pic", "-c", source,
                            "-o", target], check=True)
            found, count = check(nm, target, True)
            # a static of a function: kept.0 or f.kept
            found = [re.sub(r"\.\d+$|\w+\.(?=[a-z])", "", one)
                     for one in found]
            if count == 0 or (want is None) != (found == []) or \
                    (want is not None and want not in found):
                print(f"seeded '{want}', found {found}")
                return 1
    print(f"{len(BAD)} seeded violations found")
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nm", required=True)
    parser.add_argument("--cc")
    parser.add_argument("--core")
    parser.add_argument("--names")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test(options.nm, options.cc)
    found, count = [], 0
    for library, core in ((options.core, True), (options.names, False)):
        if library:
            more, symbols_seen = check(options.nm, library, core)
            found += [f"{os.path.basename(library)} {one}" for one in more]
            count += symbols_seen
    for one in found:
        print(one)
    print(f"{count} symbols, {len(found)} violations")
    return 1 if found or count < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
