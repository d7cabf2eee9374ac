"""The command line of the scripts in this folder: `up`, `down`, or `run -- COMMAND`, which does both around a command."""

import argparse
import os
import signal
import subprocess
import sys

from background_server import STATE, free_port, stop

COMMAND_HELP = "`run -- COMMAND` starts, runs COMMAND, stops, and ends with COMMAND's status."


def split_command(arguments):
    """Split the arguments at the first `--`."""
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


def exit_on_sigterm():
    """Raise SystemExit on SIGTERM, so that a terminated script runs its `finally` blocks and stops its server."""

    def leave(*_):
        """Exit with the status that a shell reports for a terminated program."""
        raise SystemExit(143)

    signal.signal(signal.SIGTERM, leave)


def serve(name, variable, install_and_start):
    """Run the command line of a script for one server. COMMAND reads the endpoint from `variable`."""
    parser = argparse.ArgumentParser(description=f"Start {name}.", epilog=f"{COMMAND_HELP} It reads {variable}.")
    parser.add_argument("action", choices=["up", "down", "run"])
    parser.add_argument("--port", type=int, help="default: a free one")
    given, command = split_command(sys.argv[1:])
    options = parser.parse_args(given)
    if (options.action == "run") != bool(command):
        parser.error("`run` takes a command, the others take none")
    state = STATE / name
    stopped = stop(state)
    if options.action == "down":
        print("stopped" if stopped else "nothing was running")
        return
    exit_on_sigterm()
    endpoint = install_and_start(state, options.port or free_port())
    print(endpoint, flush=True)
    if options.action == "run":
        try:
            sys.exit(subprocess.run(command, env=os.environ | {variable: endpoint}).returncode)
        finally:
            stop(state)
