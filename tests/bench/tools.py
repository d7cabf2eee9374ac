"""Builds the programs of the comparison, and installs the others under .tools/bench."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOOLS = ROOT / ".tools" / "bench"
ARCHIVES = TOOLS / "archives"


def build(program, profile, package=None):
    """Builds a program and returns its path."""
    target = ["--package", package or program, "--bin", program]
    command = ["cargo", "build", "--profile", profile, *target, "--message-format", "json"]
    messages = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    programs = [json.loads(line).get("executable") for line in messages.splitlines()]
    return next(program for program in programs if program)


def python():
    """Creates an environment with requests and boto3, and returns its interpreter."""
    interpreter = TOOLS / "python" / "bin" / "python"
    if not interpreter.exists():
        subprocess.run([sys.executable, "-m", "venv", TOOLS / "python"], check=True)
        packages = [interpreter, "-m", "pip", "install", "--quiet", "requests", "boto3"]
        subprocess.run(packages, check=True)
    return str(interpreter)


def node():
    """Copies the script beside @aws-sdk/lib-storage, where Node finds the package. Returns None without Node."""
    if not shutil.which("npm"):
        return None
    folder = TOOLS / "node"
    if not (folder / "node_modules" / "@aws-sdk" / "lib-storage").exists():
        folder.mkdir(parents=True, exist_ok=True)
        packages = ["@aws-sdk/client-s3", "@aws-sdk/lib-storage"]
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, *packages]
        subprocess.run(install, check=True)
    return shutil.copy(HERE / "copy_lib_storage.mjs", folder)


def rclone():
    """Returns the path of an installed rclone, or of Debian's unpacked under .tools/bench. Returns None without either."""
    unpacked = TOOLS / "rclone" / "usr" / "bin" / "rclone"
    if shutil.which("rclone") or unpacked.exists():
        return shutil.which("rclone") or str(unpacked)
    if not shutil.which("apt-get"):
        return None
    folder = TOOLS / "rclone"
    folder.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["apt-get", "download", "--quiet", "rclone"], cwd=folder).returncode:
        return None
    subprocess.run(["dpkg", "--extract", next(folder.glob("*.deb")), folder], check=True)
    return str(unpacked)


class Server:
    """A running bench-server."""

    def __init__(self, program, folder):
        described = Path(folder) / "server.json"
        self.process = subprocess.Popen([program, folder, ARCHIVES])
        deadline = time.monotonic() + 10
        while not described.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("bench-server did not start")
            time.sleep(0.02)
        addresses = json.loads(described.read_text())
        self.source, self.sink, self.plain_sink = (addresses[n] for n in ("source", "sink", "plain_sink"))
        self.ca = str(Path(folder) / "ca.pem")

    def cpu(self):
        """Returns the CPU seconds that the server has used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def head(self, key):
        """Returns the headers of an object, by lower-case name."""
        curl = ["curl", "-sSf", "--head", "--cacert", self.ca, f"{self.sink}/{key}"]
        lines = subprocess.run(curl, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def list_objects(self, prefix):
        """Returns length and CRC-32 (None unless computed) of the objects below a bucket/prefix, by relative key."""
        curl = ["curl", "-sSf", "--cacert", self.ca, f"{self.sink}/{prefix}?objects"]
        listed = json.loads(subprocess.run(curl, check=True, stdout=subprocess.PIPE).stdout)
        return {found["key"].removeprefix(f"/{prefix}"): (found["bytes"], found["crc32"]) for found in listed}

    def checksum(self, length):
        """Returns the CRC-64/NVME of a file of the source."""
        curl = ["curl", "-sSf", "--cacert", self.ca, f"{self.source}/checksum/{length}"]
        return subprocess.run(curl, check=True, stdout=subprocess.PIPE, text=True).stdout

    def stop(self):
        self.process.terminate()
        self.process.wait()
