#!/usr/bin/env python3
"""Runs commands in turn, several rounds, and prints time, peak memory and ratios.

    measure.py --rounds N --command "NAME=PROGRAM ARGUMENTS" ... [--ratio "NAME/NAME"] ...

Every command writes into a pipe that is read to its end, as a user's would be. Rounds are interleaved, so that what else the
machine does falls on all alike. Exits 1 where a command fails.
"""
import argparse
import os
import shlex
import statistics
import subprocess
import sys
import time


def run(argv):
    """Seconds on the wall, peak resident memory in bytes."""
    start = time.perf_counter()
    with open(os.devnull, "wb") as nowhere:
        reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=nowhere)
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=reader.stdin, stderr=subprocess.PIPE)
        reader.stdin.close()
        talk = process.stderr.read().decode("utf-8", "replace").strip()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        reader.wait()
    if process.returncode != 0:
        sys.exit("%s: exit %d: %s" % (" ".join(argv), process.returncode, talk[-300:]))
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, usage.ru_maxrss * unit


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--command", action="append", required=True, metavar="NAME=COMMAND")
    parser.add_argument("--ratio", action="append", default=[], metavar="NAME/NAME")
    options = parser.parse_args()

    commands = {}
    for command in options.command:
        name, _, line = command.partition("=")
        commands[name] = shlex.split(line)
    times = {name: [] for name in commands}
    memory = {name: 0 for name in commands}
    for _ in range(options.rounds):
        for name, argv in commands.items():
            seconds, peak = run(argv)
            times[name].append(seconds)
            memory[name] = max(memory[name], peak)

    # A child's peak is never seen smaller than this program's own memory at the time it was started.
    floor = run(["true"])[1]
    width = max(len(name) for name in commands)
    print("%-*s  %9s  %9s  %s" % (width, "", "best", "median", "peak memory"))
    for name in commands:
        small = memory[name] <= floor
        peak = "%s%d MB" % ("under " if small else "", -(-memory[name] // 1_000_000))
        print("%-*s  %7.2f s  %7.2f s  %s" % (width, name, min(times[name]), statistics.median(times[name]), peak))
    for ratio in options.ratio:
        above, _, below = ratio.partition("/")
        best = min(times[above]) / min(times[below])
        median = statistics.median(times[above]) / statistics.median(times[below])
        print("%s takes %.2f times as long as %s (medians: %.2f)" % (above, best, below, median))


if __name__ == "__main__":
    main()
