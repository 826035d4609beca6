#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Instructions that the core executes for one command: both machines, without
a TPM and without system calls, counted by callgrind.

Fails when they are more than 10 % above those in the file of expected counts,
which has one line COMPILER COUNT for each compiler that was measured. Exits
with 77, which is "skipped", where there is no callgrind or no such line.
"""
import argparse
import re
import subprocess
import sys
import tempfile

GROWTH = 1.10
SKIPPED = 77


def count(program):
    with tempfile.NamedTemporaryFile() as out:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--collect-atstart=no",
             "--toggle-collect=bench_round_trip",
             f"--callgrind-out-file={out.name}", program],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"core_instructions: {program} failed: {done.stderr}")
        trips = int(re.search(r"trips (\d+)", done.stdout).group(1))
        totals = re.search(r"^(?:totals|summary): (\d+)", out.read().decode(),
                           re.M)
    return int(totals.group(1)) / trips


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--expected", required=True)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("program")
    options = parser.parse_args()
    with open(options.expected) as lines:
        expected = dict(line.split() for line in lines
                        if line.strip() and not line.startswith("#"))
    try:
        now = count(options.program)
    except FileNotFoundError:
        print("core_instructions: no valgrind; install it")
        return SKIPPED
    print(f"result instructions/core 1 {now:.1f} {now:.1f} 1000")
    if options.record:
        expected[options.compiler] = f"{now:.1f}"
        with open(options.expected, "w") as out:
            out.write("# SPDX-License-Identifier: MIT\n")
            out.write("# Compiler, instructions of a command through the "
                      "core (core_instructions.py).\n")
            out.writelines(f"{c} {n}\n" for c, n in sorted(expected.items()))
        return 0
    if options.compiler not in expected:
        print(f"core_instructions: nothing recorded for {options.compiler}; "
              "run it with --record")
        return SKIPPED
    before = float(expected[options.compiler])
    if now > before * GROWTH:
        print(f"core_instructions: {now:.1f} instructions for a command, "
              f"recorded were {before:.1f}; make the core smaller again, or "
              "run it with --record and say why")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
