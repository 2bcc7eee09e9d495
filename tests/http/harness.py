# SPDX-License-Identifier: Apache-2.0
"""Starts the server on a free port and talks to it over plain sockets, byte by byte."""

import datetime
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "models/default/email-classifier.ecm"
PROGRAM = []  # the program's path, and before it the emulator it needs; set by main
PATIENCE = 180  # seconds until something that should happen is given up

GOOD = {"subject": "Help", "message": "My car will not start this morning."}
STOLEN = {"subject": "Gone", "message": "My car was stolen last night."}  # there is a rule for it


def wait_for(condition, what, patience=PATIENCE):
    """The first true value of condition(); fails after a while."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited in vain for {what}")


class Answer:
    """One HTTP answer."""

    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.version, status, self.reason = lines[0].split(" ", 2)
        self.status = int(status)
        self.headers = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            assert name.lower() not in self.headers, f"header {name} twice"
            self.headers[name.lower()] = value.strip()
        self.body = body

    def json(self):
        return json.loads(self.body)


class Connection:
    """A connection on which requests may be as wrong as one likes."""

    def __init__(self, port, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.pending += data
        return data

    def read(self, head_only=False):
        """The next answer, or None when the connection ends before its first byte."""
        while b"\r\n\r\n" not in self.pending:
            if not self._more():
                assert not self.pending, f"cut off: {self.pending[:80]!r}"
                return None
        head, self.pending = self.pending.split(b"\r\n\r\n", 1)
        answer = Answer(head, b"")
        length = 0 if head_only else int(answer.headers.get("content-length", 0))
        while len(self.pending) < length:
            assert self._more(), "cut off within a body"
        answer.body, self.pending = self.pending[:length], self.pending[length:]
        return answer

    def ends(self):
        """Waits for the end of the connection; what came until then."""
        while self._more():
            pass
        return self.pending


def to_bytes(method, path, body=b"", headers=None):
    """A well-formed request."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: test"]
    given = {name.lower() for name in headers or {}}
    if body or method == "POST":
        if "content-type" not in given:
            lines.append("Content-Type: application/json")
        if "content-length" not in given and "transfer-encoding" not in given:
            lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items() if value is not None]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Server:
    """A running server. Its log is in a file, so that nothing waits for a reader."""

    def __init__(self, *arguments, model=MODEL, wait=True, stdout=None, files=None, **settings):
        self.folder = tempfile.TemporaryDirectory()
        self.log_path = pathlib.Path(self.folder.name, "log")
        self.error_path = pathlib.Path(self.folder.name, "err")
        environment = {"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": "0"}
        environment |= {"RATE_LIMIT": "off", "WORKERS": "2", "MODEL_PATH": str(model)}
        environment |= {name: str(value) for name, value in settings.items()}
        keep = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "QEMU_LD_PREFIX")
        environment |= {name: os.environ[name] for name in keep if name in os.environ}
        command = [*PROGRAM, "serve", *arguments]
        if files:
            command = ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", *command]
        with open(self.log_path, "wb") as log, open(self.error_path, "wb") as errors:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL,
                stdout=stdout or log, stderr=errors, cwd=self.folder.name)
        self.port = wait_for(self.listening_port, "the server") if wait else None
        if wait and stdout is None:
            assert self.wait_log("server_started")["port"] == self.port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            if self.process.poll() is None:
                self.stop()
        finally:
            self.process.kill()
            self.process.wait()
            self.folder.cleanup()

    def stop(self):
        """Ends the server; a sanitizer's complaint would show in its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        assert code == 0, f"exit code {code}: {self.errors()}"

    def listening_port(self):
        """The port that the process listens on, as the system says."""
        assert self.process.poll() is None, f"the server has ended: {self.errors()}"
        proc = pathlib.Path("/proc", str(self.process.pid))
        inodes = set()
        for link in (proc / "fd").iterdir():
            try:
                inodes.add(os.readlink(link))
            except OSError:
                pass  # closed meanwhile
        for line in (proc / "net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                return int(fields[1].split(":")[1], 16)
        return None

    def errors(self):
        return self.error_path.read_text(errors="replace")

    def log(self):
        """All lines of the log, each of which must be a JSON object."""
        return [json.loads(line) for line in self.log_path.read_text().split("\n")[:-1]]

    def wait_log(self, event, count=1):
        """The count-th line with this event."""
        def found():
            assert self.process.poll() is None, f"the server has ended: {self.errors()}"
            lines = [line for line in self.log() if line["event"] == event]
            return lines[count - 1] if len(lines) >= count else None
        return wait_for(found, f"{event} in the log")

    def log_time(self, event):
        """When a line with this event was written, in seconds."""
        (line,) = [line for line in self.log() if line["event"] == event]
        return datetime.datetime.fromisoformat(line["timestamp"]).timestamp()

    def connect(self, **options):
        return Connection(self.port, **options)

    def request(self, method, path, body=b"", headers=None):
        with self.connect() as connection:
            connection.send(to_bytes(method, path, body, headers))
            answer = connection.read(head_only=method == "HEAD")
            assert answer is not None, f"no answer to {method} {path}"
            return answer

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def classify(self, body=None, headers=None):
        return self.request("POST", "/classify", GOOD if body is None else body, headers)

    def metrics(self):
        """The samples of /metrics by name with labels."""
        lines = self.get("/metrics").body.decode().split("\n")
        return {name: float(value) for name, value in
                (line.rsplit(" ", 1) for line in lines if line and line[0] != "#")}


def together(count, work):
    """Runs work(0) ... work(count - 1) in threads; raises what one of them raised."""
    failures = []

    def run(index):
        try:
            work(index)
        except BaseException as failure:  # pylint: disable=broad-except
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def emails():
    """Real mail: the subjects and messages of the validation set, short ones first."""
    with open(ROOT / "models/data/validation.jsonl", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    mails = [{"subject": row["subject"], "message": row["message"]} for row in rows]
    return sorted(mails, key=lambda mail: len(mail["message"]))


def command_line(*arguments, data=None):
    """Runs another command of the program; its standard output."""
    done = subprocess.run([*PROGRAM, *arguments], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tiny_model(folder):
    """A bundle of a small random network, which gives nonsense at once; for tests of load."""
    path = pathlib.Path(folder, "tiny.ecm")
    command_line("convert", "--force", str(ROOT / "tests/parity/tiny"), str(path))
    return path


def main():
    """Runs the tests of the calling module; the arguments are the program to test."""
    PROGRAM.extend(sys.argv[1:])
    sys.modules["harness"] = sys.modules[__name__]
    unittest.main(module="__main__", argv=sys.argv[:1], verbosity=1)
