# SPDX-License-Identifier: Apache-2.0
"""The HTTP server under load: one worker, on one processor when there are two. See README.md."""
import argparse
import asyncio
import json
import math
import os
import pathlib
import random
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/http"))
import harness  # noqa: E402  pylint: disable=wrong-import-position

TOKENS, EMAILS, EMAILS_ALONE = 60, 5000, 500
CLASSIFY_SECONDS, HEALTH_SECONDS, OVERLOAD_SECONDS, SLOW_SECONDS = 10, 5, 30, 20
OVERLOAD, OVERLOAD_CONNECTIONS, SLOW_CONNECTIONS = 3, 400, 1000

# Each is one token of the default model's vocabulary.
WORDS = """the and of to in is it for was on are as with they at be this have from or one had by
word but not what all were we when your can said there use an each which she do how their if will
up other about out many then them these so some her would make like him into time has look two more
write go see number no way could people my than first water been call who oil its now find long
down day did get come made may part car house road morning front left light window door
side""".split()


def percentile(values, percent):
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)] if ranked else math.nan


def write_emails(path):
    """Distinct emails of TOKENS tokens each, special ones included."""
    generator = random.Random(1)
    with open(path, "w", encoding="ascii") as out:
        for _ in range(EMAILS):
            words = [generator.choice(WORDS) for _ in range(TOKENS - 3)]
            json.dump({"subject": " ".join(words[:4]), "message": " ".join(words[4:])}, out)
            out.write("\n")


def pin(processor):
    return ["taskset", "-c", str(processor)] if os.cpu_count() > 1 else []


class Server(harness.Server):
    """One worker; queue and everything else as by default, but nothing is answered twice."""

    def __init__(self, **settings):
        super().__init__(**{"WORKERS": 1, "CACHE_SIZE": 0, "LOG_LEVEL": "info"} | settings)

    def resident_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def cpu_seconds(self):
        """Processor time used so far: what a machine shared with others does not distort."""
        return self.metrics()["process_cpu_seconds_total"]

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def inference_ms(self):
        """What each classification took in the classifier, from the log."""
        return [line["processing_time_ms"] for line in self.log()
                if line["event"] == "email_classification"]


def row(name, value, bar=""):
    print(f"{name:<58} {value:>22}  {bar}", flush=True)


# ---------------------------------------------------------------------------- wrk

def wrk(port, path, connections, seconds, emails=None):
    """(requests a second, p50 in ms, answers other than 200)."""
    command = [*pin(1), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s"]
    if emails:
        command += ["-s", str(ROOT / "tests/bench/http_emails.lua")]
    environment = os.environ | {"EMAILS": str(emails)}
    text = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], check=True, text=True,
                          env=environment, stdout=subprocess.PIPE).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    value, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", text).groups()
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = re.search(r"Socket errors:.*", text)
    assert not errors, errors.group(0)
    p50 = float(value) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]
    return rate, p50, int(bad.group(1)) if bad else 0


def in_process(emails, count):
    """(emails a second, processor seconds in all) of one thread without a server."""
    some = emails.with_name("some.jsonl")
    some.write_text("\n".join(emails.read_text().splitlines()[:count]) + "\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*harness.PROGRAM, "bench", "--model", str(harness.MODEL), "--emails",
                           str(some), "--threads", "1", "--tokens", "16", "--iterations", "1",
                           "--format", "json"], check=True, stdout=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout)["emails"][0]["per_second"], used


def bench_classify(emails):
    """Capacity, and what HTTP adds to the classifier's time, both from the same requests."""
    with Server() as server:
        rate, _, bad = wrk(server.port, "/classify", 4, CLASSIFY_SECONDS, emails)
        assert bad == 0 and rate > 0
    with Server() as server:
        before = server.cpu_seconds()
        _, p50, bad = wrk(server.port, "/classify", 1, CLASSIFY_SECONDS, emails)
        used = server.cpu_seconds() - before
        inside = server.inference_ms()
        assert bad == 0
    _, few = in_process(emails, 10)
    alone, many = in_process(emails, 10 + EMAILS_ALONE)
    row(f"{TOKENS}-token emails, 4 connections", f"{rate:.0f} /s", "at least 250")
    row("  the same emails in process, one thread", f"{alone:.0f} /s",
        f"{rate / alone:.0%} over HTTP")
    row("one connection: p50, as wrk sees it", f"{p50:.2f} ms")
    row("  p50 in the classifier, of the same requests", f"{percentile(inside, 50):.2f} ms")
    row("  added by HTTP at p50", f"{p50 - percentile(inside, 50):.2f} ms", "under 0.3")
    row("  processor time of a request; of an email in process",
        f"{used / len(inside) * 1e3:.2f}; {(many - few) / EMAILS_ALONE * 1e3:.2f} ms",
        f"{1 / (used / len(inside)):.0f} /s of one processor")
    return rate


def bench_health():
    with Server() as server:
        before = server.cpu_seconds()
        rate, p50, bad = wrk(server.port, "/health", 32, HEALTH_SECONDS)
        used = server.cpu_seconds() - before
        assert bad == 0
    row("/health, 32 connections", f"{rate:.0f} /s", "at least 30,000")
    row("  p50", f"{p50:.2f} ms")
    row("  in a second of the server's processor time", f"{rate * HEALTH_SECONDS / used:.0f}")


# ---------------------------------------------------------------------------- overload

class Load:
    """Requests at a fixed rate over a pool of connections, whatever the answers take."""

    def __init__(self, port, bodies):
        self.port, self.bodies = port, bodies
        self.times = {}  # of answers in ms, by status
        self.free = asyncio.Queue()

    async def open(self, connections):
        for _ in range(connections):
            self.free.put_nowait(await asyncio.open_connection("127.0.0.1", self.port))

    async def ask(self, body):
        reader, writer = await self.free.get()
        start = time.perf_counter()
        writer.write(harness.to_bytes("POST", "/classify", body))
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(re.search(rb"Content-Length: (\d+)", head).group(1)))
        self.times.setdefault(int(head[9:12]), []).append((time.perf_counter() - start) * 1e3)
        self.free.put_nowait((reader, writer))

    async def run(self, rate, seconds):
        start, tasks = time.perf_counter(), set()
        for count in range(int(rate * seconds)):
            delay = start + count / rate - time.perf_counter()
            if delay > 0:
                await asyncio.sleep(delay)
            task = asyncio.create_task(self.ask(self.bodies[count % len(self.bodies)]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        return time.perf_counter() - start


def bench_overload(emails, capacity):
    bodies = [line.encode() for line in pathlib.Path(emails).read_text().splitlines()]
    with Server() as server:
        async def run():
            load = Load(server.port, bodies)
            await load.open(OVERLOAD_CONNECTIONS)
            await load.run(capacity * OVERLOAD, 2)  # memory has its final size then
            load.times.clear()
            before = server.resident_mb()
            took = await load.run(capacity * OVERLOAD, OVERLOAD_SECONDS)
            return load.times, took, server.resident_mb() - before
        times, took, grown = asyncio.run(run())
    good, refused = times.get(200, []), times.get(429, [])
    others = sum(len(found) for status, found in times.items() if status not in (200, 429))
    total = len(good) + len(refused) + others
    row(f"overload: {total / took:.0f} requests/s for {OVERLOAD_SECONDS} s, answered",
        f"{len(good) / took:.0f} /s", f"{len(good) / took / capacity:.0%} of peak; at least 90 %")
    row("  refused (429): p50, p99",
        f"{percentile(refused, 50):.2f}, {percentile(refused, 99):.2f} ms", "under 5 ms")
    row("  answers other than 200 and 429", str(others), "none")
    row("  growth of memory", f"{grown:.1f} MB", "none")


# ---------------------------------------------------------------------------- slow clients

def bench_slow():
    """slowhttptest, while a good client asks all the time."""
    settings = {"HEADER_TIMEOUT_SECONDS": 5, "BODY_TIMEOUT_SECONDS": 5, "ANSWER_TIMEOUT_SECONDS": 5,
                "WEB_ROOT": tempfile.mkdtemp()}
    (pathlib.Path(settings["WEB_ROOT"]) / "large.bin").write_bytes(bytes(32 << 20))
    for name, mode in (("headers", ["-H"]), ("bodies", ["-B", "-f", "application/json"]),
                       ("reads", ["-X", "-w", "1", "-y", "10", "-n", "5", "-z", "32"])):
        with Server(ANSWER_MIN_KB_PER_SECOND=100000, **settings) as server:
            path = "/large.bin" if name == "reads" else "/classify"
            command = [*pin(1), "slowhttptest", "-c", str(SLOW_CONNECTIONS), "-r", "500", "-i", "1",
                       "-l", str(SLOW_SECONDS), "-p", "2",
                       *mode, "-u", f"http://127.0.0.1:{server.port}{path}"]
            slow = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            waits, most = [], 0
            while slow.poll() is None:
                start = time.perf_counter()
                assert server.classify().status == 200
                waits.append((time.perf_counter() - start) * 1e3)
                most = max(most, server.metrics()["http_connections"])
                time.sleep(0.05)
            metrics = server.metrics()
            row(f"{SLOW_CONNECTIONS} slow {name}: most open at once, closed by deadline",
                f"{most:.0f}, {metrics['http_connections_timed_out_total']:.0f}")
            row("  another client's p99 meanwhile", f"{percentile(waits, 99):.1f} ms", "served")


# ---------------------------------------------------------------------------- soak

def bench_soak(emails, minutes):
    """Mixed traffic; memory and descriptors after a first minute and at the end."""
    bodies = [json.loads(line) for line in pathlib.Path(emails).read_text().splitlines()]
    with Server(CACHE_SIZE=1000) as server:
        stop = threading.Event()

        def client(seed):
            generator = random.Random(seed)
            while not stop.is_set():
                body = generator.choice(bodies)
                kind = generator.randrange(10)
                if kind < 5:
                    server.classify(body)
                elif kind == 5:
                    server.request("POST", "/classify-batch", [body] * generator.randint(1, 20))
                elif kind == 6:
                    server.classify({"subject": "", "message": "x"})
                elif kind == 7:
                    with server.connect() as connection:
                        connection.send(b"POST /classify HTTP/1.1\r\nHost: x\r\n")
                elif kind == 8:
                    server.get(generator.choice(["/metrics", "/health", "/", "/nothing"]))
                else:
                    server.classify(b"{" * generator.randint(1, 5000))

        threads = [threading.Thread(target=client, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(min(60, minutes * 30))
        first = server.resident_mb()
        time.sleep(max(0, minutes * 60 - 60))
        last = server.resident_mb()
        stop.set()
        for thread in threads:
            thread.join()
        metrics = server.metrics()
        harness.wait_for(lambda: server.metrics()["http_connections"] <= 1,
                         "the end of connections")
        requests = sum(value for name, value in metrics.items()
                       if name.startswith("http_requests_total"))
        row(f"soak, {minutes:g} min of mixed traffic: requests", f"{requests:.0f}")
        row("  memory after the first minute, at the end", f"{first:.1f}, {last:.1f} MB",
            "no growth")
        row("  descriptors at the end", str(server.descriptors()), "none left over")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench http", description=__doc__)
    parser.add_argument("program", help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=["classify", "health", "overload", "slow", "soak"])
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES",
                        help="also mixed traffic for so long, for example 10")
    options = parser.parse_args()
    harness.PROGRAM.extend([*pin(0), str(pathlib.Path(options.program).resolve())])
    os.sched_setaffinity(0, {1 % os.cpu_count()})
    with tempfile.TemporaryDirectory() as folder:
        emails = pathlib.Path(folder, "emails.jsonl")
        write_emails(emails)
        with Server() as server:
            first = json.loads(emails.read_text().splitlines()[0])
            assert server.classify(first).json()["tokens"] == TOKENS
        wanted = {options.only} if options.only else {"classify", "health", "overload", "slow"}
        capacity = bench_classify(emails) if wanted & {"classify", "overload"} else 0
        if "health" in wanted:
            bench_health()
        if "overload" in wanted:
            bench_overload(emails, capacity)
        if "slow" in wanted:
            bench_slow()
        if options.soak or "soak" in wanted:
            bench_soak(emails, options.soak or 10)


if __name__ == "__main__":
    main()
