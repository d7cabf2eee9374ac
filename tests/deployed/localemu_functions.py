"""Run Lambda functions as processes in localemu, which runs them in containers only. localemu_patched.py installs this.

A function with a custom runtime is a program that asks the Runtime API for invocations. Each execution environment here is
such a process with a Runtime API of its own: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import http.server
import importlib
import json
import os
import pkgutil
import queue
import subprocess
import threading
import time

import localemu.services.lambda_.invocation as invocation
from localemu import config
from localemu.services.lambda_.invocation.lambda_models import InvocationResult
from localemu.services.lambda_.invocation.runtime_executor import RuntimeExecutor

INIT_SECONDS = 30
MAX_SECONDS = 900


class RuntimeApi(http.server.BaseHTTPRequestHandler):
    """One request of the function. `executor` is the environment that it belongs to."""

    protocol_version = "HTTP/1.1"
    executor = None

    def do_GET(self):
        """Wait for the next invocation."""
        self.executor.is_ready.set()
        invoked = self.executor.invocations.get()
        if invoked is None:
            self.close_connection = True
            return
        deadline = time.time() + (self.executor.function_version.config.timeout or MAX_SECONDS)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invoked["invoke-id"],
            "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": invoked["invoked-function-arn"],
            "Lambda-Runtime-Trace-Id": invoked["trace-id"],
        }
        self.respond(200, invoked["payload"].encode(), headers)

    def do_POST(self):
        """Accept the result of an invocation: `.../invocation/ID/response` or `.../invocation/ID/error`."""
        body = self.read_body()
        self.respond(202, b'{"status":"OK"}', {})
        request_id, kind = self.path.split("/")[-2:]
        waiting = self.executor.results.pop(request_id, None)
        if waiting is not None:
            waiting.put((body, kind == "error"))

    def read_body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def respond(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Write no access log."""


class ProcessExecutor(RuntimeExecutor):
    """An execution environment: a process, which handles one invocation at a time."""

    def __init__(self, id, function_version):
        super().__init__(id, function_version)
        self.invocations = queue.Queue()
        self.results = {}
        self.is_ready = threading.Event()
        self.process = None
        self.server = None

    def start(self, env_vars):
        handler = type("Handler", (RuntimeApi,), {"executor": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        code = self.function_version.config.code.get_unzipped_code_location()
        environment = {name: str(value) for name, value in env_vars.items()}
        environment |= {"PATH": os.environ["PATH"], "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}"}
        # Both streams go to the log of the server.
        self.process = subprocess.Popen([code / "bootstrap"], env=environment, cwd=code, stdin=subprocess.DEVNULL)
        if not self.is_ready.wait(INIT_SECONDS):
            self.stop()
            raise RuntimeError("the function did not ask for an invocation")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.invocations.put(None)
        self.server.shutdown()
        self.server.server_close()

    def invoke(self, payload, function_timeout=None):
        waiting = self.results[payload["invoke-id"]] = queue.Queue()
        self.invocations.put(payload)
        try:
            body, is_error = waiting.get(timeout=function_timeout or MAX_SECONDS)
        except queue.Empty:
            message = f"Task timed out after {function_timeout}.00 seconds"
            body, is_error = json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": message}).encode(), True
        return InvocationResult(payload["invoke-id"], body, is_error=is_error, logs="-")

    def get_address(self):
        return "127.0.0.1"

    def get_endpoint_from_executor(self):
        return "127.0.0.1"

    def get_runtime_endpoint(self):
        return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}"

    def get_logs(self):
        return ""

    @classmethod
    def prepare_version(cls, function_version):
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version):
        """Keep the code: it is in the scratch folder of the server."""


def install():
    """Replace the choice of an executor wherever localemu has imported it."""
    for module in pkgutil.iter_modules(invocation.__path__):
        loaded = importlib.import_module(f"{invocation.__name__}.{module.name}")
        if hasattr(loaded, "get_runtime_executor"):
            loaded.get_runtime_executor = lambda: ProcessExecutor
    provider = importlib.import_module("localemu.services.lambda_.provider")
    if hasattr(provider, "get_runtime_executor"):
        provider.get_runtime_executor = lambda: ProcessExecutor
