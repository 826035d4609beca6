#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that the harnesses can find something. Each fault of faults.txt is put
into a copy of one source file; the harness is linked with it, replays its
corpus, and must stop with the words that the fault demands.

usage: run.py NINJA BUILD [NAME-REGEX]

BUILD is a build folder of Ninja in which the harnesses are built. Exit code 1
if a fault is not found, or if its text is not in the source just once.
"""
import concurrent.futures
import os
import re
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


class Broken(Exception):
    """A fault cannot be tried: the list or the build is at fault."""


class Fault:
    """One entry of the list."""

    def __init__(self, name, line):
        self.name, self.line = name, line
        self.harness = self.file = self.says = None
        self.old, self.new = [], []

    def take(self, line):
        """Takes one line of the entry."""
        word, _, rest = line.partition(" ")
        if word in ("harness", "file", "says"):
            setattr(self, word, rest)
        elif word == "-":
            self.old.append(rest)
        elif word == "+":
            self.new.append(rest)
        else:
            raise Broken("not understood: " + line)


def read_faults(path):
    """The entries of the list, in order."""
    faults = []
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            if line.startswith("fault "):
                faults.append(Fault(line[6:], number))
            elif not faults:
                raise Broken("the list does not begin with a fault")
            else:
                faults[-1].take(line)
    for fault in faults:
        if not (fault.harness and fault.file and fault.says and fault.old):
            raise Broken("line %d: %s is not complete"
                         % (fault.line, fault.name))
    return faults


def commands(ninja, build, harness):
    """The command lines that build a harness; the last one links it."""
    target = "fuzz/fuzz_" + harness
    out = subprocess.run([ninja, "-C", build, "-t", "commands", target],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    return [line for line in out.splitlines() if line]


def seed(fault, folder):
    """Writes the faulty copy; its path."""
    path = os.path.join(ROOT, fault.file)
    with open(path, encoding="utf-8") as source:
        text = source.read()
    old, new = ("".join(line + "\n" for line in lines)
                for lines in (fault.old, fault.new))
    if text.count(old) != 1:
        raise Broken("its text is %d times in %s" % (text.count(old),
                                                     fault.file))
    copy = os.path.join(folder, os.path.basename(path))
    with open(copy, "w", encoding="utf-8") as source:
        source.write(text.replace(old, new))
    return copy


def compile_copy(lines, build, fault, copy, folder):
    """Compiles the copy as the original is; the objects of both."""
    for line in lines[:-1]:
        words = shlex.split(line)
        if "-c" not in words or "-o" not in words:
            continue
        at = words.index("-c") + 1
        original = os.path.realpath(os.path.join(build, words[at]))
        if original != os.path.realpath(os.path.join(ROOT, fault.file)):
            continue
        if "fuzz_%s" % fault.harness not in words[words.index("-o") + 1] and \
                "fuzz_pair_world" not in words[words.index("-o") + 1]:
            continue
        to = words.index("-o") + 1
        was, words[to] = words[to], os.path.join(folder, "faulty.o")
        words[at] = copy
        for word in ("-MF", "-MT"):
            if word in words:
                words[words.index(word) + 1] = os.path.join(folder, "faulty.d")
        words += ["-iquote", os.path.dirname(original), "-Wno-error", "-w"]
        done = subprocess.run(words, cwd=build, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise Broken("it does not compile:\n" + done.stdout)
        return was, words[to]
    raise Broken("%s is not in the harness %s" % (fault.file, fault.harness))


def link(line, build, objects, fault, folder):
    """Links the harness with the faulty object; its path."""
    binary = os.path.join(folder, "fuzz_" + fault.harness)
    was, faulty = objects
    words = line.split(" ")
    if words.count(was) != 1 or "-o" not in words:
        raise Broken("the linker's command is not understood: " + line)
    words[words.index(was)] = shlex.quote(faulty)
    words[words.index("-o") + 1] = shlex.quote(binary)
    subprocess.run(" ".join(words), cwd=build, shell=True, check=True)
    return binary


def replay(binary, *inputs):
    """Replays inputs; how it ended and what was said."""
    environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:symbolize=0")
    done = subprocess.run([binary, *inputs], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=60, check=False,
                          env=environment)
    return done.returncode, done.stdout


def judge(binary, fault):
    """What is wrong with a replay of the corpus, None if nothing is."""
    corpus = os.path.join(ROOT, "fuzz", "corpus", fault.harness)
    code, said = replay(binary, corpus)
    if code == 0:
        return "not found by the corpus of " + fault.harness
    if fault.says in said:
        return None
    # another oracle was quicker; a later input may still show this one
    for name in sorted(os.listdir(corpus)):
        if fault.says in replay(binary, os.path.join(corpus, name))[1]:
            return None
    return "found, but not by \"%s\":\n%s" % (fault.says, said[-600:])


def attempt(ninja, build, fault):
    """Tries one fault; what is wrong, None if it was found."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            lines = commands(ninja, build, fault.harness)
            copy = seed(fault, folder)
            objects = compile_copy(lines, build, fault, copy, folder)
            binary = link(lines[-1], build, objects, fault, folder)
            return judge(binary, fault)
    except (Broken, OSError, subprocess.SubprocessError) as error:
        return str(error)


def main():
    """Tries all faults of the list."""
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    ninja, build = sys.argv[1:3]
    pattern = re.compile(sys.argv[3] if len(sys.argv) == 4 else "")
    faults = [fault for fault in read_faults(os.path.join(HERE, "faults.txt"))
              if pattern.search(fault.name)]
    if not faults:
        sys.exit("no such fault")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for fault, wrong in zip(faults, pool.map(
                lambda f: attempt(ninja, build, f), faults)):
            failed += wrong is not None
            print("%-8s %s%s" % (fault.harness, fault.name,
                                 ": " + wrong if wrong else ""))
    print("%d faults, %d not found" % (len(faults), failed))
    sys.exit(failed > 0)


if __name__ == "__main__":
    try:
        main()
    except Broken as error:
        sys.exit("faults.txt: %s" % error)
