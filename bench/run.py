#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Starts a host, vTPMs and guests, runs the benchmarks, writes the results.

script/bench calls it; docs/performance.md explains the figures.
"""
import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import plot
import report

UUID = "5a1f0e3c-%04x-4b6e-9d11-%012x"


class Host:
    """A simxen of its own, and what runs on it."""

    def __init__(self, build, work):
        self.bin = os.path.join(build, "bin")
        self.work = work
        self.dir = os.path.join(work, "xen")
        self.domains = os.path.join(self.dir, "domains")
        self.running = []
        self.environment = dict(os.environ)
        self.environment.update(
            SIMXEN_DIR=self.dir, LC_ALL="C.UTF-8",
            PATH=self.bin + os.pathsep + os.environ.get("PATH", ""))

    def simxen(self, *arguments):
        return subprocess.run(
            ["simxen", *arguments], env=self.environment, check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout

    def start(self, name, arguments, domain=None):
        """Starts a program that goes on running; returns its process."""
        if domain:
            arguments = ["simxen", "run", "--domain", domain, "--", *arguments]
        with open(os.path.join(self.work, name + ".log"), "ab") as log:
            process = subprocess.Popen(
                arguments, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)
        self.running.append(process)
        return process

    def daemon(self):
        with open(os.path.join(self.dir, "pid")) as pid:
            return int(pid.read())

    def vtpm(self, name, number, *options, folder=None):
        """A new vTPM in a domain of its own."""
        return self.start(name, [
            "vtpm", "--provision", "--uuid", UUID % (number, 0x55),
            "--state", os.path.join(folder or self.work, name + ".state"),
            "--key-file", os.path.join(self.work, "key"), *options], name)

    def attach(self, front, back, number, last, handle=0, wait=10):
        self.simxen("attach-vtpm", front, back, "--uuid", UUID % (number, last),
                    "--handle", str(handle), "--wait", str(wait))

    def measure(self, program, *arguments, domain="guest"):
        """Runs a benchmark in a domain; returns the lines it prints."""
        command = ["simxen", "run", "--domain", domain, "--",
                   program, *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed")
        return done.stdout.splitlines()

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.running.remove(process)

    def end(self):
        for process in list(self.running):
            self.stop(process)
        subprocess.run(["simxen", "stop"], env=self.environment,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)


def threads(pid):
    return [int(t) for t in os.listdir(f"/proc/{pid}/task")]


def go_first(pid, first=True):
    """Before all that is not part of the benchmark, if we may."""
    policy = os.SCHED_FIFO if first else os.SCHED_OTHER
    for thread in threads(pid):
        try:
            os.sched_setscheduler(thread, policy,
                                  os.sched_param(1 if first else 0))
        except PermissionError:
            pass


def pin(pid, cpu):
    for thread in threads(pid):
        os.sched_setaffinity(thread, {cpu})


def wakeups(pid):
    """Voluntary context switches of all threads so far."""
    total = 0
    for thread in threads(pid):
        with open(f"/proc/{pid}/task/{thread}/status") as status:
            for line in status:
                if line.startswith("voluntary_ctxt_switches"):
                    total += int(line.split()[1])
    return total


def swtpm(host, name, folder=None):
    """Starts a swtpm; returns its process and socket."""
    folder = os.path.join(folder or host.work, name)
    os.mkdir(folder, 0o700)
    socket = os.path.join(folder, "s")
    process = host.start(name, [
        "swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder},mode=0600",
        "--server", f"type=unixio,path={socket}",
        "--ctrl", f"type=unixio,path={folder}/c",
        "--flags", "not-need-init,startup-clear"])
    return process, socket


def wait_for(path, seconds=10):
    end = time.monotonic() + seconds
    while not os.path.exists(path):
        if time.monotonic() > end:
            raise RuntimeError(f"{path} did not appear")
        time.sleep(0.01)


def many_files():
    """A host of thousands of domains has tens of thousands of descriptors."""
    wanted = 100000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE,
                           (max(hard, wanted), max(hard, wanted)))
    except (PermissionError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def bench_latency(host, options, cpus, memory):
    polling = host.vtpm("polling", 1)
    sleeping = host.vtpm("sleeping", 2, "--poll-us", "0")
    in_memory = host.vtpm("memory", 5, folder=memory)
    other, socket = swtpm(host, "swtpm")
    mem_other, mem_socket = swtpm(host, "memswtpm", memory)
    host.simxen("create", "guest")
    host.attach("guest", "polling", 1, 0x55, 0)
    host.attach("guest", "sleeping", 2, 0x55, 1)
    host.attach("guest", "memory", 5, 0x55, 2)
    wait_for(socket)
    wait_for(mem_socket)
    # Not from the start: a program that has one CPU from the start never
    # spins for long.
    for process in (polling, sleeping, in_memory, other, mem_other):
        pin(process.pid, cpus[1])
        go_first(process.pid)
    lines = host.measure(
        "bench_latency", "--swtpm", socket, "--mem-swtpm", mem_socket,
        "--store", os.path.join(host.work, "polling.state"),
        "--floor", os.path.join(host.work, "floor"),
        "--replaced", os.path.join(host.work, "replaced"),
        "--rounds", options.rounds,
        "--cpu", cpus[0], "--partner-cpu", cpus[1])
    for process in (other, mem_other, in_memory):
        host.stop(process)
    guest = host.start("idle-guest", ["bench_flood", "rest", "0"], "guest")
    time.sleep(1)
    lines += bench_idle(host, (("vtpm", polling), ("guest", guest)))
    host.stop(guest)
    return lines


def bench_start(host, options):
    host.simxen("create", "starter")
    for i in range(options.starts):
        host.simxen("create", f"start{i}")
        host.attach("starter", f"start{i}", i, 0xaa, i, 0)
    go_first(host.daemon())
    lines = host.measure("bench_start", host.domains, host.work,
                         options.starts, domain="starter")
    go_first(host.daemon(), False)
    return lines


def bench_flood(host):
    """A guest beside one that floods, and beside as many processes that do
    nothing but take the CPU."""
    flooder = host.vtpm("flooder", 3)
    host.vtpm("victim", 4, "--poll-us", "0")
    for front, back, number in (("bad", "flooder", 3), ("good", "victim", 4)):
        host.simxen("create", front)
        host.attach(front, back, number, 0x55)

    def victim(name):
        return host.measure("bench_flood", "victim", 0, 4, name,
                            domain="good")

    lines = victim("alone")
    hogs = [host.start(f"hog{i}", ["bench_flood", "hog"]) for i in range(2)]
    time.sleep(0.5)
    lines += victim("hogs")
    for hog in hogs:
        host.stop(hog)
    flood = host.start("flood", ["bench_flood", "0"], "bad")
    time.sleep(0.5)
    lines += victim("flood")
    if flood.poll() is not None or flooder.poll() is not None:
        raise RuntimeError("the flood ended")
    host.stop(flood)
    return lines


def bench_idle(host, processes, seconds=5):
    """Wake-ups a second of processes that have nothing to do."""
    lines = []
    for name, process in processes:
        before = wakeups(process.pid)
        time.sleep(seconds)
        rate = (wakeups(process.pid) - before) / seconds
        lines.append(f"result idle/{name} 1/s {rate} {rate} 1")
    return lines


def bench_core(host):
    program = os.path.join(host.bin, "bench_core")
    folder = os.path.dirname(os.path.abspath(__file__))
    return subprocess.run(
        [sys.executable, os.path.join(folder, "core_instructions.py"),
         "--compiler", "none", "--expected",
         os.path.join(folder, "core_instructions.expected"), program],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        check=False).stdout.splitlines()


def bench_manager(host, options):
    program = os.path.join(host.bin, "bench_manager")
    return subprocess.run(
        [program, host.work, str(options.rounds * 20), "10"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        check=True).stdout.splitlines()


def bench_busy(host, options):
    counts = [int(n) for n in options.busy.split(",")]
    host.simxen("create", "observer")
    for i in range(max(counts)):
        host.simxen("create", f"front{i}")
        host.simxen("create", f"back{i}")
        host.attach(f"front{i}", f"back{i}", i, 0xbb, 0, 0)
    return host.measure("bench_busy", host.domains, host.work,
                        options.seconds, *counts, domain="observer")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--starts", type=int, default=40)
    parser.add_argument("--busy", default="1,10,100,1000")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--only", default="")
    options = parser.parse_args()

    many_files()
    os.makedirs(options.out, exist_ok=True)
    work = tempfile.mkdtemp(prefix="work.", dir=options.out)
    memory = tempfile.mkdtemp(prefix="vtpmring-bench.", dir="/dev/shm")
    host = Host(os.path.abspath(options.build), work)
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        sys.exit("bench: one CPU only: polling cannot be measured")
    lines = []
    wanted = [w for w in options.only.split(",") if w]

    def want(what):
        return not wanted or what in wanted

    try:
        host.simxen("start")
        with open(os.open(os.path.join(work, "key"),
                          os.O_WRONLY | os.O_CREAT, 0o600), "wb") as key:
            key.write(os.urandom(32))
        if want("latency"):
            lines += bench_latency(host, options, cpus[:2], memory)
        if want("start"):
            lines += bench_start(host, options)
        if want("flood"):
            lines += bench_flood(host)
        if want("core"):
            lines += bench_core(host)
        if want("manager"):
            lines += bench_manager(host, options)
        if want("busy"):
            lines += bench_busy(host, options)
    finally:
        host.end()
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(memory, ignore_errors=True)
    results = report.read(lines)
    plot.draw(results, report.read_quantiles(lines), options.out)
    with open(os.path.join(options.out, "results.json"), "w") as out:
        json.dump(results, out, indent=1)
        out.write("\n")
    with open(os.path.join(options.out, "table.txt"), "w") as table:
        report.show(results, table)
    return 0 if report.show(results, sys.stdout) else 1


if __name__ == "__main__":
    sys.exit(main())
