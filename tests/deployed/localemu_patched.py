"""localemu with its Step Functions put right; localemu.py starts this instead of the program itself.

- Its interpreter has lost the evaluator of JSONata: the one of the PyPI package `jsonata-python` takes its place.
- A missed heartbeat is `States.Timeout` to it alone. The Amazon States Language has it match `States.HeartbeatTimeout`,
  too; in the history it is `States.Timeout` on AWS as well.
- A state that is tried again waits by the same token. On AWS "a new random token is generated".
- A wait that is over takes a success or a heartbeat all the same, or says `InvalidToken`. On AWS it is `TaskTimedOut`:
  "the task token has either expired or the task associated with the token has already been closed".
- Functions are invoked where FUNCTIONS_ENDPOINT says, since localemu's own would need containers.
"""

import functools
import os
import sys

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

interrupt_all = CallbackEndpoint.interrupt_all
attempt = Waiting._evaluate_with_timeout
failure_of = Waiting._from_error


class MissedHeartbeat(StatesErrorName):
    """The error by both of its names."""

    def __init__(self):
        super().__init__(StatesErrorNameType.StatesTimeout)

    def matches(self, error_name):
        """Whether an entry of `ErrorEquals` means it."""
        return error_name in ("States.Timeout", "States.HeartbeatTimeout")


def failure(state, env, ex):
    """What a state that waits for a token fails with."""
    event = failure_of(state, env, ex)
    if isinstance(ex, HeartbeatTimeoutError):
        event.error_name = MissedHeartbeat()
    return event


def evaluate(expression):
    """The value of a JSONata expression, which declares its variables itself."""
    return Jsonata(expression).evaluate(None)


def close(endpoint):
    """Called when a state waits by this token no longer, whatever the reason."""
    endpoint.is_over = True
    interrupt_all(endpoint)


def attempt_by_another_token(state, env):
    """One attempt of a state; the first one has a token already."""
    context = env.states.context_object
    if "Task" in context.context_object_data and context.context_object_data["State"]["RetryCount"] > 0:
        env.callback_pool_manager.add(context.update_task_token())
    attempt(state, env)


def refusing_what_is_over(operation):
    """The operation of the API for tokens by which a state still waits."""

    @functools.wraps(operation)
    def send(self, context, task_token, **fields):
        for execution in self.get_store(context).executions.values():
            endpoint = execution.exec_worker.env.callback_pool_manager.get(task_token)
            if getattr(endpoint, "is_over", False):
                raise TaskTimedOut("the task token has expired")
        return operation(self, context, task_token, **fields)

    return send


def functions(service, region, state_credentials):
    """A client for the functions."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=os.environ["FUNCTIONS_ENDPOINT"],
        aws_access_key_id="local",
        aws_secret_access_key="local-secret",
    )


string_expression.eval_jsonata_expression = evaluate
validations.eval_jsonata_expression = evaluate
lambda_eval_utils.boto_client_for = functions
CallbackEndpoint.interrupt_all = close
Waiting._evaluate_with_timeout = attempt_by_another_token
Waiting._from_error = failure
for name in ("send_task_success", "send_task_failure", "send_task_heartbeat"):
    setattr(StepFunctionsProvider, name, refusing_what_is_over(getattr(StepFunctionsProvider, name)))

if __name__ == "__main__":
    sys.exit(main())
