#!/usr/bin/env python3
"""Compares whole processes: orket beside ninja and make on one layered graph.

    ORKET=target/release/orket benches/compare.py [--sizes 100,1000,10000] [--rounds 5] [--rows load,noop,leaf,restore,cold]

Each task copies its own source and names up to three tasks of the layer before. Rounds are interleaved (orket, ninja, make, orket, …), so
that a busy machine slows all of them. Printed are medians in milliseconds, the ratio to orket's, how cost grows (the exponent between two
sizes; 1.00 is linear), and the peak of memory at the largest size, which cannot be told below that of this script. `load` reads the files
that declare the graph and builds nothing: orket without what it has compiled before, which a next command only maps. Ninja and make keep no
results, so `restore` (all outputs deleted) makes them run everything again.
"""
import argparse
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

LAYERS, NEEDS = 10, 3


def graph(count, seed=1):
    """Returns for each task the tasks that it needs."""
    chance = random.Random(seed)
    width = max(1, count // LAYERS)
    needs = []
    for task in range(count):
        first = (task // width - 1) * width
        needs.append(sorted(chance.sample(range(first, first + width), min(NEEDS, width))) if first >= 0 else [])
    return needs


def source(task):
    return f"s/{task // 1000}/f{task}"


def output(task):
    return f"o/{task // 1000}/o{task}"


def sources(folder, count):
    for part in range((count + 999) // 1000):
        os.makedirs(f"{folder}/s/{part}")
        os.makedirs(f"{folder}/o/{part}")
    for task in range(count):
        with open(f"{folder}/{source(task)}", "w") as file:
            file.write(f"source {task}\n")


def declare_orket(folder, needs):
    with open(f"{folder}/orket.kdl", "w") as file:
        for task, before in enumerate(needs):
            named = " ".join(f'"t{need}"' for need in before)
            line = f"  needs {named}\n" if before else ""
            file.write(f'task "t{task}" {{\n  sh "cat {source(task)} > {output(task)}"\n  inputs "{source(task)}"\n{line}  outputs "{output(task)}"\n}}\n')


def declare_ninja(folder, needs):
    with open(f"{folder}/build.ninja", "w") as file:
        file.write("rule c\n  command = cat $in > $out\n")
        for task, before in enumerate(needs):
            behind = " | " + " ".join(map(output, before)) if before else ""
            file.write(f"build {output(task)}: c {source(task)}{behind}\n")


def declare_make(folder, needs):
    with open(f"{folder}/Makefile", "w") as file:
        file.write("MAKEFLAGS += -rR\n.SUFFIXES:\nall: " + " ".join(map(output, range(len(needs)))) + "\n")
        for task, before in enumerate(needs):
            file.write(f"{output(task)}: {' '.join([source(task), *map(output, before)])}\n\t@cat {source(task)} > {output(task)}\n")


class Tool:
    def __init__(self, name, declare, words, load, state):
        self.name, self.declare, self.words, self.load, self.state = name, declare, words, load, state

    def prepare(self, base, count, needs):
        self.folder = f"{base}/{self.name}-{count}"
        self.count = count
        self.changes = 0
        self.cache = f"{self.folder}.cache"
        os.makedirs(self.folder)
        os.makedirs(self.cache)
        sources(self.folder, count)
        self.declare(self.folder, needs)

    def run(self, row):
        """Returns the seconds that one command took, and the most memory that it had, in MiB."""
        words, fine = (self.load, (0, 2)) if row == "load" else (self.words, (0,))
        env = dict(os.environ, ORKET_CACHE_DIR=self.cache)
        with tempfile.TemporaryFile() as said:
            begin = time.perf_counter()
            started = subprocess.Popen(words, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
            _, status, used = os.wait4(started.pid, 0)
            took = time.perf_counter() - begin
            started.returncode = os.waitstatus_to_exitcode(status)
            if started.returncode not in fine:
                said.seek(0)
                sys.exit(f"{self.name} ended with {started.returncode}\n{said.read().decode(errors='replace')[-2000:]}")
        return took, used.ru_maxrss / 1024

    def empty(self, also_state):
        shutil.rmtree(f"{self.folder}/o")
        for part in range((self.count + 999) // 1000):
            os.makedirs(f"{self.folder}/o/{part}")
        if also_state:
            for path in (f"{self.folder}/{self.state}", self.cache):
                if os.path.isdir(path):
                    shutil.rmtree(path)
                elif os.path.exists(path):
                    os.remove(path)
            os.makedirs(self.cache)

    def before(self, row):
        if row == "load":
            shutil.rmtree(f"{self.folder}/.orket", ignore_errors=True)
        elif row == "cold":
            self.empty(True)
        elif row == "restore":
            self.empty(False)
        elif row == "leaf":
            self.changes += 1
            with open(f"{self.folder}/{source(self.count - 1)}", "w") as file:
                file.write(f"changed {self.changes}\n")


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--sizes", default="100,1000,10000")
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--rows", default="load,noop,leaf,restore,cold")
    asked.add_argument("--jobs", type=int, default=os.cpu_count())
    asked = asked.parse_args()
    sizes = [int(size) for size in asked.sizes.split(",")]
    orket = os.path.abspath(os.environ.get("ORKET", "target/release/orket"))
    jobs = f"-j{asked.jobs}"
    tools = [
        Tool("orket", declare_orket, [orket, "build", jobs], [orket, "list"], ".orket"),
        Tool("ninja", declare_ninja, ["ninja", "--quiet", jobs], ["ninja", "-t", "rules"], ".ninja_log"),
        Tool("make", declare_make, ["make", "-s", jobs, "all"], ["make", "-q", "-f", "Makefile", "no-such-target"], ".none"),
    ]
    tools = [tool for tool in tools if shutil.which(tool.words[0])]
    if not tools or tools[0].name != "orket":
        sys.exit(f"there is no orket at {orket}; set ORKET")
    medians, memory = {}, {}
    with tempfile.TemporaryDirectory(prefix="orket-compare-") as base:
        for size in sizes:
            needs = graph(size)
            for tool in tools:
                tool.prepare(base, size, needs)
            for row in asked.rows.split(","):
                took = {tool.name: [] for tool in tools}
                for tool in tools:
                    tool.run("noop")
                for _ in range(asked.rounds):
                    for tool in tools:
                        tool.before(row)
                        took[tool.name].append(tool.run(row))
                for name, runs in took.items():
                    medians[row, size, name] = statistics.median(seconds for seconds, _ in runs)
                    memory[row, name] = statistics.median(most for _, most in runs)
    print(f"{'row':8} {'tool':6}" + "".join(f" {size:>10} tasks  x orket" for size in sizes) + "      peak   growth")
    for row in asked.rows.split(","):
        for tool in tools:
            cells = ""
            for size in sizes:
                mine = medians[row, size, tool.name]
                cells += f" {mine * 1000:>13.1f} ms {mine / medians[row, size, 'orket']:>8.2f}"
            pairs = zip(sizes, sizes[1:])
            growth = [math.log(medians[row, b, tool.name] / medians[row, a, tool.name]) / math.log(b / a) for a, b in pairs]
            print(f"{row:8} {tool.name:6}{cells} {memory[row, tool.name]:>5.0f} MiB   " + " ".join(f"{one:.2f}" for one in growth))


if __name__ == "__main__":
    main()
