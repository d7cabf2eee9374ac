"""Observe, in an account, the behaviours of AWS that docs/aws.md could only look up.

Reads the description of a stack from LANDFALL_STACK. Runs the observations in the order of what a difference would cost,
prints what AWS documents and what was observed, and ends with status 1 if one differs. Everything that it creates has a
random name and is removed again; it writes below `aws-behaviours/` in the bucket of the stack.
"""

import argparse
import json
import os
import sys
import traceback

from . import apis, functions, queues, secrets, storage, tables
from .observation import Stack

# The most expensive difference first.
OBSERVATIONS = [
    functions.metrics_arrive,
    functions.recursive_loops_are_allowed,
    apis.an_unsigned_request_is_rejected,
    storage.parts_need_no_checksum_with_crc64nvme,
    storage.parts_need_no_checksum_with_crc32,
    storage.a_conditional_write_that_races_a_delete,
    storage.an_idle_body_is_ended,
    secrets.one_of_twenty_swaps_succeeds,
    tables.a_check_in_a_transaction_conflicts_with_an_update,
    tables.an_item_above_400_kb_is_rejected,
    queues.a_redriven_message_is_new,
    queues.a_timeout_beyond_12_hours_is_an_error,
    apis.a_body_of_7_mb,
    apis.headers_above_10_kb,
    apis.excessive_requests_are_answered_with_429,
]


def main():
    """Run the chosen observations and report them."""
    parser = argparse.ArgumentParser(prog="aws_behaviours", description=__doc__.splitlines()[0])
    names = [observation.__name__ for observation in OBSERVATIONS]
    parser.add_argument("--only", action="append", choices=names, help="run this one; repeat for several")
    parser.add_argument("--list", action="store_true", help="print the observations in their order")
    options = parser.parse_args()
    if options.list:
        for observation in OBSERVATIONS:
            print(f"{observation.__name__}: {observation.__doc__}")
        return
    with open(os.environ["LANDFALL_STACK"], encoding="utf-8") as file:
        stack = Stack(json.load(file))
    chosen = [observation for observation in OBSERVATIONS if not options.only or observation.__name__ in options.only]
    sys.exit(0 if all([report(observation, stack) for observation in chosen]) else 1)


def report(observation, stack):
    """Run one observation, print it and return whether AWS behaves as documented."""
    try:
        observed, as_documented = observation(stack)
    except Exception as error:  # One failed observation must not hide the others.
        traceback.print_exc()
        observed, as_documented = f"{type(error).__name__}: {error}", False
    verdict = "as documented" if as_documented else "DIFFERS"
    print(f"{verdict}: {observation.__name__}\n  documented: {observation.__doc__}\n  observed: {observed}", flush=True)
    return as_documented


main()
