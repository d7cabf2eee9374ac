"""Measures a pipeline of commands with GNU time: wall seconds, CPU seconds and peak memory."""

import dataclasses
import subprocess
import tempfile
import time
from pathlib import Path

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclasses.dataclass
class Cost:
    """The cost of one run. CPU time is user and system of all its processes; memory is the sum of their peaks, in MiB."""

    wall: float
    cpu: float
    peak: float
    server_cpu: float
    output: str


def run(contender, server, source, target):
    """Runs a pipeline to its end. A failure ends the comparison."""
    with tempfile.TemporaryDirectory() as folder:
        notes = []
        processes = []
        before, begun = server.cpu(), time.monotonic()
        for number, command in enumerate(contender.pipeline(source, target)):
            notes.append(Path(folder) / str(number))
            # Each command is a child of its own `time` process: the peak of a child starts with that of its parent, and
            # `time` is small.
            timed = ["time", "--output", notes[-1], "--format", "%U %S %M", *command]
            given = processes[-1].stdout if processes else subprocess.DEVNULL
            process = subprocess.Popen(timed, env=contender.environment, stdin=given, stdout=subprocess.PIPE)
            if processes:
                given.close()
            processes.append(process)
        output = processes[-1].stdout.read().decode()
        if any(process.wait() for process in processes):
            raise SystemExit(f"{contender.name} failed")
        wall, server_cpu = time.monotonic() - begun, server.cpu() - before
        figures = [[float(figure) for figure in note.read_text().split()] for note in notes]
    cpu = sum(user + system for user, system, _ in figures)
    return Cost(wall, cpu, sum(peak for *_, peak in figures) / 1024, server_cpu, output)
