#!/usr/bin/env python3
"""Compares unpacking an archive that lies in S3 with its peer, and with the goals, on this machine.

Unpacks 1,000 small images and one archive of 2 GiB from a server that speaks S3 over TLS back into it: with Landfall's
production code (bench-unpack), and with Python's zipfile and boto3. The contenders take turns with inflating alone
(bench-inflate: the same library on the same archive from the local disk, no S3) and with Landfall without TLS; ratios
are medians over the rounds. Afterwards every file is compared with the archive by length and CRC-32. Prints tables and
each goal as met or not; exits 1 if one is not. What goes beyond inflating is TLS, the kernel's loopback and a request
for each file. Of the images, whose bytes do not deflate, that is nearly all: their goal for CPU cannot be met so.

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
    """Who takes part, and the goals."""

    def __init__(self, server, unpack, inflate):
        super().__init__()
        self.server = server
        self.landfall = contenders.landfall_unpacking(unpack, server, server.sink, LANDFALL)
        plain = contenders.landfall_unpacking(unpack, server, server.plain_sink, PLAIN)
        self.all = [self.landfall, contenders.zipfile(server), contenders.inflating(inflate), plain]
        self.prefixes = (f"bench/unpacked-{number}/" for number in itertools.count(1))

    def rounds(self, title, archive, rounds):
        """Everybody in turn, several times; prints a table, returns the costs by name."""
        expected = {name: length for name, (length, _) in packed(archive).items()}
        costs = {contender.name: [] for contender in self.all}
        for _ in range(rounds):
            for contender in self.all:
                prefix = next(self.prefixes)
                costs[contender.name].append(run(contender, self.server, archive, prefix))
                if contender.name == PEER:
                    there = {name: length for name, (length, _) in self.server.objects(prefix).items()}
                    if there != expected:
                        raise SystemExit(f"{contender.name} stored other files")
        table(title, costs)
        return costs

    def wrong(self, archive):
        """How many files Landfall stores otherwise than the archive says."""
        cost = run(self.landfall, self.server, archive, "verified/")
        there = self.server.objects(f"verified/{json.loads(cost.output)['prefix']}")
        expected = packed(archive)
        return sum(there.get(name) != expected.get(name) for name in there.keys() | expected.keys())

    def judge(self, title, archive, costs):
        """The goals: half the time and a quarter of the memory of the peer, and little beyond inflating."""
        print()
        self.goal(f"{title}, wall by that of {PEER}", ratio(costs, LANDFALL, PEER, "wall"), 0.5)
        self.goal(f"{title}, peak memory by that of {PEER}", ratio(costs, LANDFALL, PEER, "peak"), 0.25)
        self.goal(f"{title}, CPU without TLS by that of {INFLATING}", ratio(costs, PLAIN, INFLATING, "cpu"), 1.5)
        self.goal(f"{title}, CPU by that of {INFLATING}", ratio(costs, LANDFALL, INFLATING, "cpu"), 1.5)
        self.goal(f"{title}, files that are not as the archive says", self.wrong(archive), 0)


def packed(archive):
    """Length and CRC-32 of each file, by name."""
    with zipfile.ZipFile(tools.ARCHIVES / archive) as directory:
        return {file.filename: (file.file_size, file.CRC) for file in directory.infolist()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds with the images (default 5)")
    parser.add_argument("--large-rounds", type=int, default=3, help="rounds with 2 GiB (default 3)")
    parser.add_argument("--unpack", help="a bench-unpack to measure instead of building one")
    options = parser.parse_args()
    serve = tools.built("bench-server", "bench")
    inflate = tools.built("bench-inflate", "release", "bench-land")
    unpack = options.unpack or tools.built("bench-unpack", "release", "bench-land")
    cases = [("1,000 images", archives.images(), options.rounds), ("2 GiB", archives.large(), options.large_rounds)]
    with tempfile.TemporaryDirectory() as folder:
        server = tools.Server(serve, folder)
        try:
            unpacking = Unpacking(server, unpack, inflate)
            for title, archive, rounds in cases:
                if rounds:
                    unpacking.judge(title, archive, unpacking.rounds(title, archive, rounds))
        finally:
            server.stop()
    sys.exit(1 if unpacking.unmet else 0)


if __name__ == "__main__":
    main()
