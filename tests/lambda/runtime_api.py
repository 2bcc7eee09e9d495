# SPDX-License-Identifier: Apache-2.0
"""A Lambda Runtime API that follows a script, written from AWS's published contract.

Each answer to `GET invocation/next` is one step of the script; when it is over, `next` waits, as
Lambda's does. Everything posted is kept.
"""

import itertools
import json
import os
import queue
import select
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BASE = "/2018-06-01/runtime/"
WAIT_S = 60  # for anything to happen, on a slow machine

_ids = itertools.count(1)


class Step:
    """One answer to `next`: an event, or something that goes wrong."""

    def __init__(self, event=None, *, raw=None, left_ms=60000, request_id=None, headers=None,
                 status=200, chunked=False, cut_after=None):
        self.body = json.dumps(event).encode() if raw is None else raw
        self.left_ms = left_ms
        self.id = request_id or f"8476a536-e9f4-11e8-9739-{next(_ids):012d}"
        self.headers = headers
        self.status = status
        self.chunked = chunked
        self.cut_after = cut_after  # bytes of the response; then the connection ends

    def response(self):
        if self.headers is not None:
            headers = dict(self.headers)
        else:
            headers = {
                "Lambda-Runtime-Aws-Request-Id": self.id,
                "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000 + self.left_ms)),
                "Lambda-Runtime-Invoked-Function-Arn":
                    "arn:aws:lambda:eu-central-1:123456789012:function:mail",
                "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1",
                "Content-Type": "application/json",
            }
        body = self.body
        if self.chunked:
            headers["Transfer-Encoding"] = "chunked"
            middle = len(body) // 3
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part)
                            for part in (body[:middle], body[middle:])) + b"0\r\n\r\n"
        else:
            headers.setdefault("Content-Length", str(len(body)))
        head = f"HTTP/1.1 {self.status} Reason\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return head.encode() + b"\r\n" + body


class Post:
    """What the runtime posted: kind is response, error or init."""

    def __init__(self, kind, request_id, body, headers):
        self.kind = kind
        self.id = request_id
        self.body = body
        self.headers = headers

    def json(self):
        return json.loads(self.body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_args):
        pass

    def cut(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def is_gone(self):
        """Whether the client has closed the connection."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def next_step(self):
        """Waits for one; None when the client or the test has ended meanwhile."""
        steps = self.server.api.steps
        while not self.is_gone():
            try:
                step = steps.get(timeout=0.02)
            except queue.Empty:
                continue
            if step is not None and self.is_gone():
                steps.put(step)  # it is for the client's next process
                return None
            return step
        return None

    def do_GET(self):
        api = self.server.api
        assert self.path == BASE + "invocation/next", self.path
        api.asked.put(self.path)
        step = self.next_step()
        if step is None:
            return self.cut()
        data = step.response()
        try:
            self.wfile.write(data if step.cut_after is None else data[:step.cut_after])
        except OSError:
            return self.cut()
        return self.cut() if step.cut_after is not None else None

    def do_POST(self):
        api = self.server.api
        body = self.rfile.read(int(self.headers["Content-Length"]))
        parts = self.path.removeprefix(BASE).split("/")
        if parts[0] == "init":
            post = Post("init", "", body, self.headers)
        else:
            post = Post(parts[2], parts[1], body, self.headers)
        action = api.on_post(post)
        api.posts.put(post)
        if action == "cut":
            return self.cut()
        answer = b'{"status":"OK"}'
        self.send_response_only(action, "Reason")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        return self.wfile.write(answer)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Processes that end cut their connections."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class RuntimeApi:
    """The mock; with `start` also the process under test."""

    def __init__(self, program, environment):
        self.program = program
        self.environment = environment
        self.steps = queue.Queue()
        self.posts = queue.Queue()
        self.asked = queue.Queue()
        self.on_post = lambda post: 202
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.api = self
        self.endpoint = f"127.0.0.1:{self.server.server_address[1]}"
        self.process = None
        self.output = None
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.stop()
        self.steps.put(None)
        self.server.shutdown()
        self.server.server_close()

    def start(self, *arguments, **environment):
        settings = {**os.environ, **self.environment, "AWS_LAMBDA_RUNTIME_API": self.endpoint,
                    **environment}
        self.process = subprocess.Popen([*self.program, *arguments], env=settings,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.output = [b"", b""]
        self.readers = [threading.Thread(target=self._read, args=(i, pipe), daemon=True)
                        for i, pipe in enumerate((self.process.stdout, self.process.stderr))]
        for reader in self.readers:
            reader.start()
        return self

    def _read(self, index, pipe):
        for line in pipe:
            self.output[index] += line

    def invoke(self, event=None, **step):
        """Hands over one event and returns what was posted about it."""
        step = Step(event, **step)
        self.steps.put(step)
        post = self.posts.get(timeout=WAIT_S)
        assert post.id == step.id, (post.id, step.id)
        return post

    def wait(self):
        """The exit code, once the process has ended."""
        code = self.process.wait(timeout=WAIT_S)
        for reader in self.readers:
            reader.join(timeout=WAIT_S)
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.wait()

    def terminate(self):
        self.process.terminate()
        return self.wait()

    @property
    def logs(self):
        return [json.loads(line) for line in self.output[0].splitlines()]

    @property
    def errors(self):
        return self.output[1].decode()
