# SPDX-License-Identifier: MIT
"""Builds a core with a fault in it and puts it before the tests.

The test programs are those of CMake, linked once more with the core as a
shared library, so that a mutant costs one compilation and one short link.
"""
import hashlib
import json
import math
import os
import re
import shlex
import signal
import subprocess
import time

# a warning of these is an error of a program that other compilers refuse
STRICT = ["-w", "-Werror=implicit-function-declaration",
          "-Werror=int-conversion", "-Werror=incompatible-pointer-types"]
LIBRARY = "libvtpmring_core.so"


class Failure(Exception):
    """What ends the whole run."""


def run(command, **more):
    return subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, check=False, **more)


def must(command, **more):
    done = run(command, **more)
    if done.returncode != 0:
        raise Failure("%s failed:\n%s%s" % (
            " ".join(command), done.stdout[-2000:], done.stderr[-2000:]))
    return done.stdout


class Test:
    """One test: its name, its command, the kind of shared memory it wants."""

    def __init__(self, name, command, shmem):
        self.name, self.command, self.shmem = name, command, shmem
        self.seconds = 60


class Bench:
    """The tests of one build folder, against a core of ours."""

    def __init__(self, root, build, work, flags, only=""):
        self.root, self.build, self.work = root, build, work
        self.core = os.path.join(root, "libvtpmring", "core")
        self.flags = ["-std=c11", "-fPIC"] + flags + STRICT
        self.include = ["-I", os.path.join(root, "libvtpmring", "include"),
                        "-iquote", self.core]
        self.cc = self._compiler()
        os.makedirs(work, exist_ok=True)
        listing = json.loads(must(
            ["ctest", "--show-only=json-v1", "-L", "^core$", "-R", only or "."],
            cwd=build))
        programs = {}
        self.tests = []
        for test in listing["tests"]:
            program = test["command"][0]
            if program not in programs:
                programs[program] = self._relink_plan(program)
            self.tests.append(Test(test["name"], [os.path.join(
                work, os.path.basename(program))] + test["command"][1:],
                programs[program][1]))
        if not self.tests:
            raise Failure("no test of the core has such a name: %s" % only)
        self.kinds = sorted({t.shmem for t in self.tests})
        self.originals = {}
        self._build_original()
        for program, (command, shmem) in programs.items():
            self._relink(program, command, shmem)
        for test in self.tests:
            test.seconds = self._time(test)

    def _compiler(self):
        with open(os.path.join(self.build, "CMakeCache.txt"),
                  encoding="utf-8") as f:
            return re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", f.read(),
                             re.M).group(1)

    # ---- the programs ----

    def _relink_plan(self, program):
        """The link of a program, and the shmem.h that its core is built on."""
        target = os.path.relpath(program, self.build)
        steps = must(["ninja", "-t", "commands", target],
                     cwd=self.build).splitlines()
        compiled = [s for s in steps if re.search(r"core/page\.c$", s)]
        link = re.search(r"&& (.*) &&", steps[-1]).group(1)
        in_target = [s for s in compiled if
                     "CMakeFiles/%s.dir/" % os.path.basename(program) in s]
        used = [s for s in in_target or compiled
                if in_target or self._library_of(s) in link]
        folder = re.search(r"-I(\S*shmem\w*)(?:\s|/\s)", used[-1]).group(1)
        return link, os.path.normpath(folder)

    @staticmethod
    def _library_of(step):
        return "lib%s.a" % re.search(r"CMakeFiles/(\w+)\.dir/", step).group(1)

    def _relink(self, program, command, shmem):
        words = []
        for word in shlex.split(command):
            if re.search(r"libvtpmring(_hooked)?\.a$|/core/\w+\.c\.o$", word):
                continue
            words.append(word)
        at = words.index("-o")
        words[at + 1] = os.path.join(self.work, os.path.basename(program))
        library = os.path.join(self._folder("original", shmem), LIBRARY)
        must(words + [library], cwd=self.build)

    def _time(self, test):
        started = time.monotonic()
        result = self.run_test(test, "original")
        if result:
            raise Failure("%s fails without any fault: %s" % (
                test.name, result))
        taken = time.monotonic() - started
        if not self.run_test(test, "no such core"):
            raise Failure("%s does not run on the core given" % test.name)
        return 2 + math.ceil(10 * taken)

    # ---- the core ----

    def _folder(self, name, shmem):
        kind = hashlib.sha1(shmem.encode()).hexdigest()[:6]
        return os.path.join(self.work, name, kind)

    def compile(self, source, output, shmem, cwd=None):
        return run([self.cc, *self.flags, *self.include, "-I", shmem,
                    "-c", source, "-o", output], cwd=cwd).returncode == 0

    def _build_original(self):
        for shmem in self.kinds:
            folder = self._folder("original", shmem)
            os.makedirs(folder, exist_ok=True)
            objects = {}
            for name in sorted(os.listdir(self.core)):
                if name.endswith(".c"):
                    objects[name] = os.path.join(folder, name + ".o")
                    if not self.compile(name, objects[name], shmem,
                                        cwd=self.core):
                        raise Failure("%s does not compile" % name)
            self.originals[shmem] = objects
            self._link(folder, objects)

    def _link(self, folder, objects):
        sanitizers = [f for f in self.flags if f.startswith("-fsanitize")]
        must([self.cc, "-shared", "-Wl,-soname," + LIBRARY, *sanitizers, "-o",
              os.path.join(folder, LIBRARY), *objects.values()])

    def _kinds_of(self, name):
        """Kinds of shared memory with which the faulty file is compiled."""
        if name == "shmem/shmem.h":
            return [os.path.join(self.core, "shmem")]
        if name == "page.c":
            return self.kinds
        return self.kinds[:1]

    def build_mutant(self, label, name, text):
        """Compiles the core with this text; its hash, "" if it does not
        compile, None if it is the original again."""
        sums, same = [], True
        for shmem in self._kinds_of(name):
            folder = self._folder(label, shmem)
            os.makedirs(folder, exist_ok=True)
            source, at, unit = os.path.join(folder, name), shmem, name
            if name.endswith(".h"):
                at, unit = folder, "page.c"
                source = os.path.join(folder, "shmem.h")
            with open(source, "w", encoding="utf-8") as f:
                f.write(text)
            output = os.path.join(folder, "mutant.o")
            where = self.core if name.endswith(".h") else folder
            if not self.compile(unit, output, at, cwd=where):
                return ""
            with open(output, "rb") as f:
                made = f.read()
            with open(self.originals[shmem][unit], "rb") as f:
                same = same and made == f.read()
            sums.append(hashlib.sha1(made).hexdigest())
        return None if same else name + " ".join(sums)

    def link_mutant(self, label, name):
        """The libraries with what build_mutant() has compiled."""
        unit = "page.c" if name.endswith(".h") else name
        faulty = self._kinds_of(name)
        for shmem in self.kinds:
            folder = self._folder(label, shmem)
            os.makedirs(folder, exist_ok=True)
            objects = dict(self.originals[shmem])
            if shmem in faulty:
                objects[unit] = os.path.join(folder, "mutant.o")
            elif unit != "page.c":
                objects[unit] = os.path.join(
                    self._folder(label, faulty[0]), "mutant.o")
            self._link(folder, objects)

    # ---- the tests ----

    def run_test(self, test, label):
        """What is wrong, "" for nothing."""
        env = dict(os.environ, LD_LIBRARY_PATH=self._folder(label, test.shmem),
                   ASAN_OPTIONS="detect_leaks=1")
        command = ["prlimit", "--core=0", "--cpu=%d" % test.seconds, "--"]
        try:
            done = subprocess.run(
                command + test.command, env=env, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                timeout=60 + 10 * test.seconds, check=False)
        except subprocess.TimeoutExpired:
            return "time-out"
        code = done.returncode
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return "time-out"
        if code in (0, -signal.SIGABRT) or code > 0:
            return "failure" if code else ""
        return "crash"

    def first_to_fail(self, label, order):
        """The first test that notices, and how; None for none."""
        for test in sorted(self.tests, key=order):
            result = self.run_test(test, label)
            if result:
                return test.name, result
        return None
