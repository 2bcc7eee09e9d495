# SPDX-License-Identifier: Apache-2.0
"""Lambda: time from exec to the first request to the Runtime API, and the size of the zip.

    lambda.py PROGRAM MODEL [STARTS]

Each start is a new process with the model in the page cache. The time goes from before the fork
to the moment the whole request has been read here, so it has this program's own overhead in it.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile

INIT_BAR_MS = 40
ZIP_BAR_MB = 25
NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def time_start(listener, bootstrap):
    """Milliseconds from exec to a complete request for the first invocation, and those of the
    processor that the process took until its end."""
    endpoint = "127.0.0.1:%d" % listener.getsockname()[1]
    environment = {"AWS_LAMBDA_RUNTIME_API": endpoint, "PATH": os.environ["PATH"]}
    start = time.perf_counter()
    process = subprocess.Popen([bootstrap], env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    connection, _ = listener.accept()
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        request += connection.recv(4096)
    elapsed = 1e3 * (time.perf_counter() - start)
    assert request.startswith(NEXT), request
    process.send_signal(signal.SIGTERM)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    connection.close()
    return elapsed, 1e3 * (usage.ru_utime + usage.ru_stime)


def time_process(bootstrap):
    """Milliseconds that a process takes which only prints its version."""
    start = time.perf_counter()
    subprocess.run([bootstrap, "--version"], stdout=subprocess.DEVNULL, check=True)
    return 1e3 * (time.perf_counter() - start)


def row(name, values):
    print(f"{name:<34}{min(values):>8.1f}{percentile(values, 0.5):>8.1f}"
          f"{percentile(values, 0.99):>8.1f}")


def main():
    program, model = map(pathlib.Path, sys.argv[1:3])
    starts = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    with tempfile.TemporaryDirectory() as folder:
        task = pathlib.Path(folder)
        bootstrap = task / "bootstrap"
        shutil.copy(program, bootstrap)
        shutil.copy(model, task / "email-classifier.ecm")
        package = task / "function.zip"
        with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            archive.write(bootstrap, "bootstrap")
            archive.write(task / "email-classifier.ecm", "email-classifier.ecm")
        megabytes = package.stat().st_size / 1e6
        with socket.create_server(("127.0.0.1", 0)) as listener:
            time_start(listener, bootstrap)  # fills the page cache
            inits, busy, processes = [], [], []
            for _ in range(starts):
                elapsed, processor = time_start(listener, bootstrap)
                inits.append(elapsed)
                busy.append(processor)
                processes.append(time_process(bootstrap))
    print(f"{starts} starts, in ms{'min':>25}{'p50':>8}{'p99':>8}")
    row("exec to the first invocation/next", inits)
    row("processor time of the same", busy)
    row("a process that prints its version", processes)
    print(f"zip of bootstrap and model: {megabytes:.1f} MB")
    p50 = percentile(inits, 0.5)
    print(f"bars: init p50 {INIT_BAR_MS} ms {'met' if p50 <= INIT_BAR_MS else 'MISSED'}, "
          f"zip {ZIP_BAR_MB} MB {'met' if megabytes <= ZIP_BAR_MB else 'MISSED'}")
    output = pathlib.Path("build/bench/lambda.json")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps({"init_ms": inits, "processor_ms": busy,
                                  "process_ms": processes, "zip_bytes": int(megabytes * 1e6)}))


main()
