# SPDX-License-Identifier: MIT
"""Reasons why a mutant may survive. Blocks of

    FILE FUNCTION
        the line of the source, as it is
        the name of the mutation
        why no test can or need notice

so that a reason follows its line wherever it moves; the last may take more
than one line. A reason is for one mutant, even if the line is there twice. "#"
at the beginning of a line is a comment.
"""
import sys


class Reasons:
    """What mutants_explained.txt says."""

    def __init__(self, path):
        self.known, self.used = {}, {}
        with open(path, encoding="utf-8") as f:
            lines = [line for line in f if not line.startswith("#")]
        for block in "".join(lines).split("\n\n"):
            parts = [line.strip() for line in block.strip().splitlines()]
            if not parts:
                continue
            head = parts[0].split()
            if len(parts) < 4 or len(head) != 2:
                sys.exit("%s: not a reason:\n%s" % (path, block))
            self.known[(*head, parts[1], parts[2])] = " ".join(parts[3:])

    def of(self, mutant, line):
        """The reason for a mutant on this line, or None."""
        key = (mutant.file, mutant.function, line.strip(), mutant.name)
        if key not in self.known or self.used.setdefault(
                key, mutant) != mutant:
            return None
        return self.known[key]

    def unused(self):
        """Reasons for what was not asked about."""
        return sorted(set(self.known) - set(self.used))
