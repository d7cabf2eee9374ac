"""A server in the background: started on a loopback port, waited for, found again by its record, stopped as a group."""

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
# Where servers keep their records, logs and scratch files; git ignores it.
STATE = ROOT / "target" / "deployed"
# Where tools are installed; git ignores it, too.
TOOLS = ROOT / ".tools"


def free_port():
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(state: Path, command, environment, ready_url):
    """Start the command in `state`, wait until `ready_url` answers anything at all, and leave a record."""
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
    record = {"pid": process.pid, "began": began(process.pid)}
    (state / "server.json").write_text(json.dumps(record))
    try:
        wait_until_ready(process, ready_url, log)
    except BaseException:
        stop(state)
        raise


def wait_until_ready(process, ready_url, log, seconds=60):
    """Return as soon as the server answers; stop waiting when it is gone."""
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
    raise SystemExit(f"the server did not answer within {seconds} s; see {log}")


def stop(state: Path, patience=5):
    """End the server recorded in `state` with all it started. True if there was one."""
    path = state / "server.json"
    if not path.exists():
        return False
    record = json.loads(path.read_text())
    path.unlink()
    pid = record["pid"]
    # A later process may have been given the same number.
    if began(pid) != record["began"]:
        return False
    for sent in (signal.SIGTERM, signal.SIGKILL):
        if send(pid, sent):
            wait_for_end(pid, patience)
    return True


def began(pid):
    """When the process started, in clock ticks since boot; None when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None


def send(pid, sent):
    """Signal the group that the server leads; False when nobody is left in it."""
    try:
        os.killpg(pid, sent)
        return True
    except ProcessLookupError:
        return False


def wait_for_end(pid, seconds):
    """Wait until nobody of the group is left, reaping the server when it is our own child."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass
        if not send(pid, 0):
            return
        time.sleep(0.05)
