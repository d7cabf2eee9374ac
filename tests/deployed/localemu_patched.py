"""Run localemu with a patched Step Functions. localemu.py starts this script instead of localemu's own program.

- localemu has no evaluator of JSONata. The PyPI package `jsonata-python` provides one.
- localemu matches a missed heartbeat with `States.Timeout` only. In the Amazon States Language it also matches
  `States.HeartbeatTimeout`. In the execution history it is `States.Timeout` on AWS as well.
- In localemu a retried state waits with the same token. On AWS "a new random token is generated".
- localemu accepts a success or a heartbeat after the wait has ended, or returns `InvalidToken`. AWS returns `TaskTimedOut`:
  "the task token has either expired or the task associated with the token has already been closed".
- localemu's functions need containers. They are invoked at FUNCTIONS_ENDPOINT, or run as processes without this variable.
"""

import functools
import importlib.util
import os
import sys
from pathlib import Path

import boto3
from jsonata.jsonata import Jsonata
from localemu.aws.api.stepfunctions import TaskTimedOut
from localemu.runtime.main import main
from localemu.services.stepfunctions.asl.component.common.error_name.states_error_name import StatesErrorName
from localemu.services.stepfunctions.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from localemu.services.stepfunctions.asl.component.common.string import string_expression
from localemu.services.stepfunctions.asl.component.state.state_execution.state_task import lambda_eval_utils
from localemu.services.stepfunctions.asl.component.state.state_execution.state_task.service import (
    state_task_service_callback,
)
from localemu.services.stepfunctions.asl.eval.callback.callback import CallbackEndpoint, HeartbeatTimeoutError
from localemu.services.stepfunctions.asl.jsonata import validations
from localemu.services.stepfunctions.provider import StepFunctionsProvider

# A state that waits for a token.
Waiting = state_task_service_callback.StateTaskServiceCallback

original_interrupt_all = CallbackEndpoint.interrupt_all
original_evaluate = Waiting._evaluate_with_timeout
original_from_error = Waiting._from_error


class MissedHeartbeat(StatesErrorName):
    """The heartbeat error, which matches both of its names."""

    def __init__(self):
        super().__init__(StatesErrorNameType.StatesTimeout)

    def matches(self, error_name):
        """Return whether an entry of `ErrorEquals` matches."""
        return error_name in ("States.Timeout", "States.HeartbeatTimeout")


def failure_with_heartbeat_name(state, env, ex):
    """Return the failure event of a state that waits for a token."""
    event = original_from_error(state, env, ex)
    if isinstance(ex, HeartbeatTimeoutError):
        event.error_name = MissedHeartbeat()
    return event


def evaluate_jsonata(expression):
    """Evaluate a JSONata expression, which declares its variables itself."""
    return Jsonata(expression).evaluate(None)


def close_callback(endpoint):
    """Mark a token as closed. localemu calls this when a state stops waiting for the token, for any reason."""
    endpoint.is_closed = True
    original_interrupt_all(endpoint)


def evaluate_with_new_token(state, env):
    """Run one attempt of a state. Each retry gets a new token."""
    context = env.states.context_object
    if "Task" in context.context_object_data and context.context_object_data["State"]["RetryCount"] > 0:
        env.callback_pool_manager.add(context.update_task_token())
    original_evaluate(state, env)


def reject_closed_tokens(operation):
    """Wrap an operation of the API so that it returns TaskTimedOut for closed tokens."""

    @functools.wraps(operation)
    def send(self, context, task_token, **fields):
        for execution in self.get_store(context).executions.values():
            endpoint = execution.exec_worker.env.callback_pool_manager.get(task_token)
            if getattr(endpoint, "is_closed", False):
                raise TaskTimedOut("the task token has expired")
        return operation(self, context, task_token, **fields)

    return send


def functions_client(service, region, state_credentials):
    """Return a client for the functions."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=os.environ["FUNCTIONS_ENDPOINT"],
        aws_access_key_id="local",
        aws_secret_access_key="local-secret",
    )


string_expression.eval_jsonata_expression = evaluate_jsonata
validations.eval_jsonata_expression = evaluate_jsonata
CallbackEndpoint.interrupt_all = close_callback
Waiting._evaluate_with_timeout = evaluate_with_new_token
Waiting._from_error = failure_with_heartbeat_name
for name in ("send_task_success", "send_task_failure", "send_task_heartbeat"):
    setattr(StepFunctionsProvider, name, reject_closed_tokens(getattr(StepFunctionsProvider, name)))

if "FUNCTIONS_ENDPOINT" in os.environ:
    lambda_eval_utils.boto_client_for = functions_client
else:
    # This folder is not in the search path, because it has a module with the name of localemu.
    spec = importlib.util.spec_from_file_location("functions", Path(__file__).with_name("localemu_functions.py"))
    functions = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(functions)
    functions.install()

if __name__ == "__main__":
    sys.exit(main())
