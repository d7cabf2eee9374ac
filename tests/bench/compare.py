#!/usr/bin/env python3
"""Compares a landing with other tools, and with performance goals, on this machine.

Copies generated files from a source with ranges over TLS to an S3 sink over TLS: with Landfall's production code
(bench-land), `curl | curl`, rclone copyurl, requests + boto3, and @aws-sdk/lib-storage. The contenders run in turn, so that
other load on the machine affects all of them. A ratio is the median over the rounds of the ratios of two copies in the same
round. Prints a table and whether each goal is met. Exits with 1 if a goal is not met.

Needs Linux, cargo, Python 3 with venv, curl and GNU time; Node for lib-storage and apt-get for rclone.
"""

import argparse
import itertools
import subprocess
import sys
import tempfile

import contenders
import tools
from figures import Goals, peak, ratio, table
from measured import GIB, MIB, run

SLOW = "delay=50&rate=20971520"
# Peer, figure, and the maximum ratio of Landfall's figure to the peer's, at 1 GiB of known length.
RATIOS = [("curl | curl", "wall", 0.85), ("curl | curl", "cpu", 0.65), ("boto3", "cpu", 0.27), ("rclone", "cpu", 0.15)]
# Description of the length, query of the source, and the maximum memory in MiB.
MEMORY = [("known length", "", 24), ("no length", "length=no", 40)]


class Comparison(Goals):
    """The contenders and the goals of copying."""

    def __init__(self, server, landfall, peers):
        super().__init__()
        self.server, self.landfall, self.peers = server, landfall, peers
        self.keys = (f"key-{number}" for number in itertools.count(1))

    def copy(self, contender, length, query="", bucket="bench"):
        """Runs one copy and checks its length. Returns the cost and the headers of the stored object."""
        key = f"{bucket}/{next(self.keys)}"
        cost = run(contender, self.server, f"{self.server.source}/file/{length}?{query}", key)
        head = self.server.head(key)
        if int(head["content-length"]) != length:
            raise SystemExit(f"{contender.name} stored {head['content-length']} of {length} bytes")
        return cost, head

    def run_rounds(self, title, length, query, rounds):
        """Runs all contenders in turn, several times. Prints a table and returns the costs by name."""
        costs = {contender.name: [] for contender in [self.landfall, *self.peers]}
        for _ in range(rounds):
            for contender in [self.landfall, *self.peers]:
                costs[contender.name].append(self.copy(contender, length, query)[0])
        table(title, costs, GIB / length, "s/GiB")
        return costs


def compare(comparison, options):
    """Measures all cases and checks the goals."""
    own = comparison.landfall
    known = comparison.run_rounds("1 GiB of known length", GIB, "", options.rounds)
    unknown = comparison.run_rounds("1 GiB without length", GIB, "length=no", max(1, options.rounds // 2))
    print()
    for peer, figure, limit in RATIOS:
        if peer in known:
            comparison.goal(f"1 GiB, {figure} relative to {peer}", ratio(known, own.name, peer, figure), limit)
        else:
            print(f"SKIPPED  1 GiB, {figure} relative to {peer}: not installed or not selected")
    for (what, query, limit), costs in zip(MEMORY, (known, unknown)):
        peaks = {1024: peak(costs[own.name])}
        for mebibytes in [64, 5 * 1024]:
            copies = (comparison.copy(own, mebibytes * MIB, query)[0] for _ in range(options.memory_rounds))
            peaks[mebibytes] = peak(list(copies))
        for mebibytes, most in sorted(peaks.items()):
            comparison.goal(f"{mebibytes} MiB, {what}, peak memory", most, limit, " MiB")
        comparison.goal(f"{what}, peak memory at 5 GiB relative to 1 GiB", peaks[5 * 1024] / peaks[1024], 1.25)
    four, one = (comparison.copy(own, 128 * MIB, query)[0].wall for query in (SLOW, f"{SLOW}&ranges=no"))
    comparison.goal(f"slow source, 128 MiB, wall: 4 connections {four:.2f} s relative to one {one:.2f} s", four / one, 0.32)
    comparison.goal("50 MiB, requests to S3", int(comparison.copy(own, 50 * MIB)[1]["x-bench-requests"]), 1)
    for query in ["", "length=no"]:
        head = comparison.copy(own, GIB + 1, query, "verified")[1]
        same = head["x-amz-checksum-crc64nvme"] == comparison.server.checksum(GIB + 1)
        comparison.goal(f"1 GiB and a byte, {query or 'known length'}: wrong checksums", int(not same), 0)


def measure_capacity(server):
    """Measures the servers with one plain client. They must not be the bottleneck of a copy."""
    url, curl = f"{server.source}/file/{2 * GIB}", ["curl", "-sSf", "--cacert", server.ca, "-o", "/dev/null", "-w"]
    down = subprocess.run([*curl, "%{speed_download}", url], check=True, stdout=subprocess.PIPE).stdout
    with subprocess.Popen(["head", "-c", str(2 * GIB), "/dev/zero"], stdout=subprocess.PIPE) as zeros:
        put = [*curl, "%{speed_upload}", "-T", "-", f"{server.sink}/bench/capacity"]
        up = subprocess.run(put, check=True, stdin=zeros.stdout, stdout=subprocess.PIPE).stdout
    print(f"One curl alone: source {float(down) / MIB:.0f} MiB/s, sink {float(up) / MIB:.0f} MiB/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the 1 GiB comparison (default 5)")
    parser.add_argument("--memory-rounds", type=int, default=2, help="copies of each size for memory (default 2)")
    parser.add_argument("--only", default="", help="comma-separated peers to compare with (default all)")
    parser.add_argument("--land", help="path of a bench-land to measure instead of building one")
    options = parser.parse_args()
    serve = tools.build("bench-server", "bench")
    land = options.land or tools.build("bench-land", "release")
    with tempfile.TemporaryDirectory() as folder:
        server = tools.Server(serve, folder)
        try:
            makers = (contenders.curl, contenders.rclone, contenders.boto3, contenders.lib_storage)
            available = [make(server) for make in makers]
            selected = [name for name in options.only.split(",") if name]
            peers = [peer for peer in available if peer and (not selected or peer.name in selected)]
            measure_capacity(server)
            comparison = Comparison(server, contenders.landfall(land, server), peers)
            compare(comparison, options)
        finally:
            server.stop()
    sys.exit(1 if comparison.unmet else 0)


if __name__ == "__main__":
    main()
