#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts faults into the core, one at a time, and counts those that a test
notices. script/mutate builds what this needs."""
import argparse
import concurrent.futures
import os
import random
import shutil
import sys
import threading
import time
from collections import Counter

import bench
import explained
import mutants

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
CORE = os.path.join(ROOT, "libvtpmring", "core")
WORK = os.path.join(ROOT, "build", "mutation")
LEAST = 90 # percent


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def all_mutants(wanted):
    """Every mutant of every file, and the texts of the files."""
    include = os.path.join(ROOT, "libvtpmring", "include", "vtpmring")
    names = mutants.Names(
        read(os.path.join(include, f)) for f in sorted(os.listdir(include)))
    files = sorted(f for f in os.listdir(CORE) if f.endswith(".c"))
    files.append("shmem/shmem.h")
    texts = {f: read(os.path.join(CORE, f)) for f in files}
    if wanted and wanted not in files:
        sys.exit("mutate: no such file in the core: %s" % wanted)
    found = []
    for f in files:
        if wanted in ("", f):
            found += mutants.mutants_of(f, texts[f], names)
    return found, texts


class Run:
    """All mutants, and what became of them."""

    def __init__(self, found, texts, only):
        self.found, self.texts = found, texts
        shutil.rmtree(WORK, ignore_errors=True)
        self.fast = self._bench("dev", "fast", ["-O2"], only)
        self.lock, self.only, self._slow = threading.Lock(), only, None
        self.fate = [None] * len(found)
        self.pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())

    @property
    def slow(self):
        """The bench with sanitizers, made for the first survivor."""
        with self.lock:
            if not self._slow:
                self._slow = self._bench("asan", "slow", [
                    "-O1", "-fsanitize=address,undefined",
                    "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"],
                    self.only)
            return self._slow

    @staticmethod
    def _bench(preset, name, flags, only):
        return bench.Bench(ROOT, os.path.join(ROOT, "build", preset),
                           os.path.join(WORK, name), flags, only)

    def run(self):
        seen = set()
        codes = self._each("compiled", self._compile, range(len(self.found)))
        for n, code in enumerate(codes):
            if code == "":
                self.fate[n] = ("not compiled", "")
            elif code is None:
                self.fate[n] = ("equivalent", "")
            elif code in seen:
                self.fate[n] = ("repeated", "")
            else:
                seen.add(code)
        todo = [n for n, fate in enumerate(self.fate) if fate is None]
        for n, fate in zip(todo, self._each("tested", self._test, todo)):
            self.fate[n] = fate

    def _each(self, what, work, numbers):
        results, last = [], time.monotonic()
        for result in self.pool.map(work, numbers):
            results.append(result)
            if time.monotonic() - last > 20:
                last = time.monotonic()
                print("mutate: %d of %d %s" % (
                    len(results), len(numbers), what), file=sys.stderr)
        return results

    def _text(self, n):
        m = self.found[n]
        return mutants.apply(self.texts[m.file], m)

    def _compile(self, n):
        code = self.fast.build_mutant(
            "m%d" % n, self.found[n].file, self._text(n))
        if not code:
            shutil.rmtree(os.path.join(self.fast.work, "m%d" % n))
        return code

    def _test(self, n):
        label, name = "m%d" % n, self.found[n].file
        own = os.path.basename(name).rsplit(".", 1)[0] + "_test"

        def order(test): # quick ones first, and before them the file's own
            return test.name != own, test.seconds, test.name
        self.fast.link_mutant(label, name)
        found = self.fast.first_to_fail(label, order)
        shutil.rmtree(os.path.join(self.fast.work, label))
        if found:
            return found[1], found[0]
        self.slow.build_mutant(label, name, self._text(n))
        self.slow.link_mutant(label, name)
        found = self.slow.first_to_fail(label, order)
        shutil.rmtree(os.path.join(self.slow.work, label))
        if found:
            return "sanitizer", found[0]
        m = self.found[n]
        print("mutate: survived: core/%s:%d: %s" % (m.file, m.line, m.name),
              file=sys.stderr)
        return "survived", ""

    # ---- what is printed ----

    def line(self, m):
        return self.texts[m.file].splitlines()[m.line - 1]

    def show(self, m, note):
        """A survivor, as a difference."""
        text = self.texts[m.file]
        begin = text.rfind("\n", 0, m.start) + 1
        end = text.find("\n", m.end)
        print("core/%s:%d: %s: %s%s" % (m.file, m.line, m.function, m.name,
                                        note))
        for mark, part in (("-", text[begin:end]), ("+", (
                text[begin:m.start] + m.new + text[m.end:end]))):
            for line in part.splitlines():
                print("  %s%s" % (mark, line))

    def survivors(self):
        return [m for m, fate in zip(self.found, self.fate)
                if fate[0] == "survived"]

    def report(self, reasons):
        print("%-18s %8s %7s %8s %9s" % (
            "", "mutants", "killed", "survived", "explained"))
        total = Counter()
        for file in sorted({m.file for m in self.found}):
            count = Counter()
            for m, fate in zip(self.found, self.fate):
                if m.file == file:
                    count[fate[0]] += 1
                    if fate[0] == "survived" and reasons.of(m, self.line(m)):
                        count["explained"] += 1
            total += count
            self._row("core/" + file, count)
        self._row("all", total)
        print("killed: %d by a test that fails, %d by a crash, %d by a "
              "time-out, %d by a sanitizer" % (
                  total["failure"], total["crash"], total["time-out"],
                  total["sanitizer"]))
        print("not counted: %d that do not compile, %d with the object code "
              "of the original, %d with that of another mutant" % (
                  total["not compiled"], total["equivalent"],
                  total["repeated"]))
        return total

    @staticmethod
    def killed(count):
        return sum(count[k] for k in ("failure", "crash", "time-out",
                                      "sanitizer"))

    def _row(self, name, count):
        killed = self.killed(count)
        print("%-18s %8d %7d %8d %9d" % (
            name, killed + count["survived"], killed, count["survived"],
            count["explained"]))


def main():
    parser = argparse.ArgumentParser(prog="script/mutate", description=(
        "Puts faults into the files of the core, one at a time, and runs the "
        "tests with label core against each. Prints who survived, and the "
        "ratio of those killed; exit code 1 if that is below %d %%, if a "
        "survivor has no reason in %s, or a reason there no survivor." % (
            LEAST, "libvtpmring/tests/mutants_explained.txt")))
    parser.add_argument("--sample", type=int, metavar="N", default=0,
                        help="N mutants only, chosen by the seed")
    parser.add_argument("--seed", type=int, metavar="S", default=1)
    parser.add_argument("--file", default="", metavar="NAME",
                        help="mutants of one file, as back.c")
    parser.add_argument("--tests", default="", metavar="REGEX",
                        help="only tests whose name matches")
    parser.add_argument("--kills", action="store_true",
                        help="print which test killed each mutant, too")
    args = parser.parse_args()
    if args.sample < 0:
        parser.error("--sample: a number of mutants, please")
    started = time.monotonic()
    found, texts = all_mutants(args.file)
    partial = bool(args.sample or args.file or args.tests)
    if args.sample:
        chosen = random.Random(args.seed).sample(
            range(len(found)), min(args.sample, len(found)))
        found = [found[n] for n in sorted(chosen)]
    reasons = explained.Reasons(
        os.path.join(HERE, "..", "mutants_explained.txt"))
    work = Run(found, texts, args.tests)
    work.run()
    if args.kills:
        for m, fate in zip(work.found, work.fate):
            print("core/%s:%d: %s: %s: %s" % (
                m.file, m.line, m.function, m.name, " ".join(fate).strip()))
    bad = 0
    for m in work.survivors():
        reason = reasons.of(m, work.line(m))
        bad += not reason
        if not reason or not partial:
            work.show(m, " (explained)" if reason else "")
    total = work.report(reasons)
    stale = [] if partial else reasons.unused()
    for key in stale:
        print("explains nothing: %s" % ", ".join(key))
    killed, survived = work.killed(total), total["survived"]
    if killed + survived == 0:
        sys.exit("mutate: no mutant is left to count")
    ratio = 100 * killed / (killed + survived)
    print("%d of %d killed, %.1f %% (at least %d); with the explained ones "
          "left out %.1f %%; %d seconds" % (
              killed, killed + survived, ratio, LEAST, 100 * killed / max(
                  1, killed + survived - total["explained"]),
              time.monotonic() - started))
    sys.exit(ratio < LEAST or bad > 0 or bool(stale))


try:
    main()
except bench.Failure as failure:
    sys.exit("mutate: %s" % failure)
