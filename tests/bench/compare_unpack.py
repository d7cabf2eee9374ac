#!/usr/bin/env python3
"""Compares unpacking an archive in S3 with another tool, and with performance goals, on this machine.

Unpacks 1,000 small images and one archive of 2 GiB from an S3 server over TLS back to it: with Landfall's production code
(bench-unpack), and with Python's zipfile and boto3. The contenders run in turn, together with inflating alone (bench-inflate:
the same library on the same archive from the local disk, without S3) and with Landfall without TLS. Ratios are medians over
the rounds. Afterwards every file is compared with the archive by length and CRC-32. Prints tables and whether each goal is
met. Exits with 1 if a goal is not met. The cost beyond inflating is TLS, the kernel's loopback and one request for each file.
For the images, whose bytes do not deflate, that is nearly the total cost, so their CPU goal cannot be met.

Needs Linux, cargo, Python 3 with venv, curl, GNU time, and 5 GiB of disk for the archives and the peer's copy.
"""

import argparse
import itertools
import json
import sys
import tempfile
import zipfile

import archives
import contenders
import tools
from figures import Goals, ratio, table
from measured import run

LANDFALL, PLAIN = "landfall", "landfall, no TLS"
PEER, INFLATING = "zipfile + boto3", "inflating alone"


class Unpacking(Goals):
    """The contenders and the goals of unpacking."""

    def __init__(self, server, unpack, inflate):
        super().__init__()
        self.server = server
        self.landfall = contenders.landfall_unpacking(unpack, server, server.sink, LANDFALL)
        plain = contenders.landfall_unpacking(unpack, server, server.plain_sink, PLAIN)
        self.all = [self.landfall, contenders.zipfile(server), contenders.inflating(inflate), plain]
        self.prefixes = (f"bench/unpacked-{number}/" for number in itertools.count(1))

    def run_rounds(self, title, archive, rounds):
        """Runs all contenders in turn, several times. Prints a table and returns the costs by name."""
        expected = {name: length for name, (length, _) in list_archive(archive).items()}
        costs = {contender.name: [] for contender in self.all}
        for _ in range(rounds):
            for contender in self.all:
                prefix = next(self.prefixes)
                costs[contender.name].append(run(contender, self.server, archive, prefix))
                if contender.name == PEER:
                    stored = {name: length for name, (length, _) in self.server.list_objects(prefix).items()}
                    if stored != expected:
                        raise SystemExit(f"{contender.name} stored other files")
        table(title, costs)
        return costs

    def count_wrong_files(self, archive):
        """Unpacks with Landfall and returns how many stored files differ from the archive."""
        cost = run(self.landfall, self.server, archive, "verified/")
        stored = self.server.list_objects(f"verified/{json.loads(cost.output)['prefix']}")
        expected = list_archive(archive)
        return sum(stored.get(name) != expected.get(name) for name in stored.keys() | expected.keys())

    def check_goals(self, title, archive, costs):
        """Checks the goals: half the time and a quarter of the memory of the peer, and little beyond inflating."""
        print()
        self.goal(f"{title}, wall relative to {PEER}", ratio(costs, LANDFALL, PEER, "wall"), 0.5)
        self.goal(f"{title}, peak memory relative to {PEER}", ratio(costs, LANDFALL, PEER, "peak"), 0.25)
        self.goal(f"{title}, CPU without TLS relative to {INFLATING}", ratio(costs, PLAIN, INFLATING, "cpu"), 1.5)
        self.goal(f"{title}, CPU relative to {INFLATING}", ratio(costs, LANDFALL, INFLATING, "cpu"), 1.5)
        self.goal(f"{title}, files that differ from the archive", self.count_wrong_files(archive), 0)


def list_archive(archive):
    """Returns length and CRC-32 of each file, by name."""
    with zipfile.ZipFile(tools.ARCHIVES / archive) as directory:
        return {file.filename: (file.file_size, file.CRC) for file in directory.infolist()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds with the images (default 5)")
    parser.add_argument("--large-rounds", type=int, default=3, help="rounds with 2 GiB (default 3)")
    parser.add_argument("--unpack", help="path of a bench-unpack to measure instead of building one")
    options = parser.parse_args()
    serve = tools.build("bench-server", "bench")
    inflate = tools.build("bench-inflate", "release", "bench-land")
    unpack = options.unpack or tools.build("bench-unpack", "release", "bench-land")
    cases = [
        ("1,000 images", archives.image_archive(), options.rounds),
        ("2 GiB", archives.large_archive(), options.large_rounds),
    ]
    with tempfile.TemporaryDirectory() as folder:
        server = tools.Server(serve, folder)
        try:
            unpacking = Unpacking(server, unpack, inflate)
            for title, archive, rounds in cases:
                if rounds:
                    unpacking.check_goals(title, archive, unpacking.run_rounds(title, archive, rounds))
        finally:
            server.stop()
    sys.exit(1 if unpacking.unmet else 0)


if __name__ == "__main__":
    main()
