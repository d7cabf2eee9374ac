"""Run a server in the background: start it on a loopback port, wait until it is ready, and stop its process group later."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The folder for the servers' records, logs and scratch files. Git ignores it.
STATE = ROOT / "target" / "deployed"
# The folder in which tools are installed. Git ignores it, too.
TOOLS = ROOT / ".tools"


def free_port():
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(state: Path, command, environment, ready_url):
    """Start the command in `state`, write a record of it, and wait until `ready_url` returns any response."""
    state.mkdir(parents=True, exist_ok=True)
    log = state / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            env=environment,
            cwd=state,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    record = {"pid": process.pid, "began": start_time(process.pid)}
    (state / "server.json").write_text(json.dumps(record))
    try:
        wait_until_ready(process, ready_url, log)
    except BaseException:
        stop(state)
        raise


def wait_until_ready(process, ready_url, log, seconds=60):
    """Wait until the server responds. Exit if the server ends or the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the server ended with status {process.returncode}; see {log}")
        try:
            urllib.request.urlopen(ready_url, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"the server did not respond within {seconds} s; see {log}")


def stop(state: Path, timeout=5):
    """Stop the server that is recorded in `state`, and its child processes. Return whether one was running."""
    path = state / "server.json"
    if not path.exists():
        return False
    record = json.loads(path.read_text())
    path.unlink()
    pid = record["pid"]
    # Another process may have the same id by now.
    if start_time(pid) != record["began"]:
        return False
    for sent in (signal.SIGTERM, signal.SIGKILL):
        if signal_group(pid, sent):
            wait_for_end(pid, timeout)
    return True


def start_time(pid):
    """Return when the process started, in clock ticks since boot, or None if it does not exist."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None


def signal_group(pid, sent):
    """Send a signal to the server's process group. Return False if the group is empty."""
    try:
        os.killpg(pid, sent)
        return True
    except ProcessLookupError:
        return False


def wait_for_end(pid, seconds):
    """Wait until the process group is empty. Reap the server if it is a child of this process."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass
        if not signal_group(pid, 0):
            return
        time.sleep(0.05)
