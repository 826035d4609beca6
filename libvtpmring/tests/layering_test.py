#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Arrows go one way: components -> link -> core, port -> include.

layering_test.py LIBVTPMRING [COMPONENTS]
layering_test.py --self-test LIBVTPMRING
"""
import os
import re
import shutil
import sys
import tempfile

PLAIN = {"<stdint.h>", "<stddef.h>", "<stdbool.h>"}
LINK_HEADERS = {"<vtpmring/port.h>", "<vtpmring/link.h>"}
COMPONENT_HEADERS = {"<vtpmring/tis.h>"}
FUNCTION_POINTER = re.compile(r"\(\s*\*\s*(?:const\s+|volatile\s+)*"
                              r"\w*\s*(?:\[\w*\])?\s*\)\s*\(")
BARE_INLINE = re.compile(r"(?<!static )\b(?:__)?inline(?:__)?\b")


def bare(text):
    """The text without comments, strings and characters; lines stay."""
    def blank(match):
        one = match.group(0)
        keep = '""' if one[0] == '"' else "'0'" if one[0] == "'" else " "
        return keep + "\n" * one.count("\n")
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'
                  r"'(?:\\.|[^'\\\n])*'", blank, text, flags=re.S)


def sources(folder):
    for where, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if f not in ("tests", "proofs")]
        for name in sorted(files):
            if name.endswith((".c", ".h")):
                yield os.path.join(where, name)


class Checker:
    def __init__(self, root):
        self.root, self.found, self.files = root, [], 0

    def report(self, path, what):
        self.found.append(f"{os.path.relpath(path, self.root)}: {what}")

    def conditionals(self, path, code):
        """Only the guard, around everything, and __cplusplus."""
        lines = [re.sub(r"\s+", " ", line.strip()).replace("# ", "#")
                 for line in code.splitlines()]
        used = [line for line in lines if line.startswith("#")]
        if path.endswith(".h"):
            guard = re.match(r"#ifndef (VTPMRING_\w+_H)$",
                             used[0] if used else "")
            if not guard or used[1] != "#define " + guard.group(1) or \
                    used[-1] != "#endif":
                self.report(path, "no include guard around everything")
            used = used[2:-1]
        depth = 0
        for line in used:
            word = re.match(r"#(\w+)", line)
            if not word:
                continue
            if line == "#ifdef __cplusplus":
                depth += 1
            elif word.group(1) == "endif" and depth > 0:
                depth -= 1
            elif word.group(1) in ("if", "ifdef", "ifndef", "elif", "else",
                                   "endif", "pragma"):
                self.report(path, f"conditional: {line}")

    def includes(self, path, text, allowed):
        for one in re.findall(r'^\s*#\s*include\s*([<"][^>"]+[>"])', text,
                              flags=re.M):
            if not allowed(one):
                self.report(path, f"includes {one}")

    def language(self, path, code, pointers):
        if BARE_INLINE.search(code):
            self.report(path, "inline without static")
        if pointers and FUNCTION_POINTER.search(code):
            self.report(path, "function pointer")

    def folder(self, name, allowed, conditionals=True, language=True,
               pointers=lambda path: True):
        folder = os.path.join(self.root, name)
        for path in sources(folder):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            code = bare(text)
            # comments out, the quoted names of includes in
            plain = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
            self.files += 1
            self.includes(path, plain, lambda one, p=path: allowed(one, p))
            if conditionals:
                self.conditionals(path, code)
            if language:
                self.language(path, code, pointers(path))


def private(one, path):
    """A private header of the same folder."""
    return one[0] == '"' and "/" not in one and os.path.exists(
        os.path.join(os.path.dirname(path), one.strip('"')))


def core_include(one):
    return one.startswith("<vtpmring/") and "port" not in one and \
        one not in LINK_HEADERS | COMPONENT_HEADERS


def check(root, components=None):
    checker = Checker(root)
    exempt = ("port.h", "link.h")
    # its registers are reached through a table of the caller's
    tables = exempt + ("tis.h",)
    checker.folder(
        "include", lambda one, path: one in PLAIN or (
            one.startswith("<vtpmring/") and
            (core_include(one) or path.endswith(exempt))),
        pointers=lambda path: not path.endswith(tables))
    checker.folder("core", lambda one, path: one in PLAIN or
                   one == "<shmem.h>" or core_include(one) or
                   private(one, path))
    checker.folder("link", lambda one, path: one in PLAIN or
                   one == "<string.h>" or
                   (one.startswith("<vtpmring/") and
                    one.count("/") == 1 and "port_" not in one) or
                   private(one, path), pointers=lambda path: False)
    # ports and components: nothing private of the core, the link, or a port
    hidden = {os.path.basename(p) for f in ("core", "link")
              for p in sources(os.path.join(root, f)) if p.endswith(".h")}

    def outside(one, path):
        return os.path.basename(one.strip('<>"')) not in hidden or \
            private(one, path)
    checker.folder("port", outside, conditionals=False, language=False)
    if components:
        checker.root = components
        checker.folder(".", outside, conditionals=False, language=False)
    return checker.found, checker.files


VIOLATIONS = [
    ("core/page.c", "#include <string.h>\n", "includes <string.h>"),
    ("core/back.c", "#include <vtpmring/port.h>\n",
     "includes <vtpmring/port.h>"),
    ("core/back.c", "#include <vtpmring/tis.h>\n",
     "includes <vtpmring/tis.h>"),
    ("core/back.c", "#include \"../link/back_set.h\"\n", "includes"),
    ("core/tpm.c", "#ifdef __linux__\nint x;\n#endif\n", "conditional"),
    ("core/tpm.c", "#if 1\nint x;\n#endif\n", "conditional"),
    ("core/xenbus.c", "inline int f(void) { return 1; }\n",
     "inline without static"),
    ("core/front.c", "static int (*f)(int);\n", "function pointer"),
    ("core/front.c", "typedef void (*handler)(void *);\n",
     "function pointer"),
    ("core/front_private.h", "#ifdef VTPMRING_TEST\n#endif\n",
     "conditional"),
    ("core/seeded.h", "int x;\n", "no include guard"),
    ("include/vtpmring/page.h", "#include <stdio.h>\n", "includes <stdio.h>"),
    ("include/vtpmring/back.h", "#include <vtpmring/link.h>\n",
     "includes <vtpmring/link.h>"),
    ("include/vtpmring/front.h", "struct o { void (*f)(void); };\n",
     "function pointer"),
    ("link/seeded.c", "#include \"../core/back_private.h\"\n", "includes"),
    ("link/seeded.c", "#include <unistd.h>\n", "includes <unistd.h>"),
    ("port/seeded.c", "#include <shmem.h>\n", "includes <shmem.h>"),
    ("port/seeded.c", "#include \"../link/back_set.h\"\n", "includes"),
]


def self_test(root):
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "copy")
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns(
            "tests", "proofs"))
        os.makedirs(os.path.join(copy, "link"), exist_ok=True)
        os.makedirs(os.path.join(copy, "port"), exist_ok=True)
        if not os.path.exists(os.path.join(copy, "link", "back_set.h")):
            with open(os.path.join(copy, "link", "back_set.h"), "w",
                      encoding="ascii") as file:
                file.write("#ifndef VTPMRING_A_H\n#define VTPMRING_A_H\n"
                           "#endif\n")
        before = set(check(copy)[0])
        for name, text, want in VIOLATIONS:
            path = os.path.join(copy, name)
            old = None
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    old = file.read()
            with open(path, "w", encoding="utf-8") as file:
                file.write((old or "") + text)
            new = set(check(copy)[0]) - before
            if not any(name in one and want in one for one in new):
                print(f"seeded in {name}: {text!r}, found {sorted(new)}")
                return 1
            if old is None:
                os.remove(path)
            else:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(old)
    print(f"{len(VIOLATIONS)} seeded violations found")
    return 0


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--self-test":
        return self_test(sys.argv[2])
    if len(sys.argv) not in (2, 3):
        print(__doc__)
        return 2
    found, files = check(*sys.argv[1:])
    for one in found:
        print(one)
    print(f"{files} files, {len(found)} violations")
    return 1 if found or files < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
