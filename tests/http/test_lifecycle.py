# SPDX-License-Identifier: Apache-2.0
"""Without a model, with a broken one, reloading, overload, ending: nothing is lost or mixed up."""

import json
import pathlib
import shutil
import signal
import tempfile
import threading
import time
import unittest

import bundle
import harness
from harness import GOOD, MODEL, STOLEN, Server, to_bytes


class Degraded(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.model = self.folder / "model.ecm"

    def check_rules(self, server):
        answer = server.classify(STOLEN).json()
        self.assertEqual((answer["source"], answer["fallback_used"]), ("rules", True))
        self.assertEqual(server.get("/ready").status, 503)
        health = server.get("/health")
        self.assertEqual((health.status, health.json()["status"]), (200, "degraded"))
        metrics = server.metrics()
        self.assertGreater(metrics["email_fallbacks_total"], 0)

    def test_no_model_then_one(self):
        with Server(model=self.model) as server:
            self.check_rules(server)
            self.assertIn(str(self.model), server.errors())
            shutil.copy(MODEL, self.model)
            server.process.send_signal(signal.SIGHUP)
            server.wait_log("model_reloaded")
            self.assertEqual(server.get("/ready").status, 200)
            self.assertEqual(server.classify().json()["source"], "model")
            self.assertEqual(server.get("/health").json()["status"], "healthy")

    def test_broken_files(self):
        good = MODEL.read_bytes()
        flipped = bytearray(good)
        flipped[len(good) // 2] ^= 1
        for data in (b"", good[:1000], good[:-1], bytes(flipped), b"\0" * 1000):
            self.model.write_bytes(data)
            with Server(model=self.model) as server:
                self.check_rules(server)
                self.assertIs(server.get("/model-info").json()["loaded"], False)

    def test_a_failed_reload_keeps_the_model(self):
        shutil.copy(MODEL, self.model)
        with Server(model=self.model) as server:
            (self.folder / "new").write_bytes(b"nonsense")
            (self.folder / "new").rename(self.model)
            server.process.send_signal(signal.SIGHUP)
            server.wait_log("model_reload_failed")
            self.assertEqual(server.classify().json()["source"], "model")
            self.assertEqual(server.get("/ready").status, 200)

    def test_circuit_breaker(self):
        bundle.poison(MODEL, self.model)
        with Server(model=self.model, BREAKER_FAILURE_THRESHOLD=3,
                    BREAKER_RECOVERY_SECONDS=1) as server:
            for _ in range(3):
                self.assertEqual(server.get("/ready").status, 200)
                self.assertEqual(server.classify(STOLEN).json()["source"], "rules")
            health = server.get("/health").json()
            self.assertEqual(health["checks"]["circuit_breaker"]["state"], "open")
            self.assertEqual(server.get("/ready").json()["reason"], "circuit breaker open")
            metrics = server.metrics()
            self.assertEqual(metrics['circuit_breaker_state{state="open"}'], 1)
            self.assertEqual(metrics["circuit_breaker_opened_total"], 1)
            self.check_rules(server)

            def tried_again():
                self.assertTrue(server.classify().json()["fallback_used"])
                return server.metrics()["circuit_breaker_opened_total"] == 2
            harness.wait_for(tried_again, "a trial after the recovery time")
            shutil.copy(MODEL, self.folder / "new")
            (self.folder / "new").rename(self.model)
            server.process.send_signal(signal.SIGHUP)
            server.wait_log("model_reloaded")
            self.assertEqual(server.classify().json()["source"], "model")
            self.assertEqual(server.get("/ready").status, 200)


class Load(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = harness.tiny_model(cls.enterClassContext(tempfile.TemporaryDirectory()))

    def test_reload_under_load(self):
        with Server(model=self.model) as server:
            stop = threading.Event()
            mails = harness.emails()

            def ask(index):
                with server.connect() as connection:
                    while not stop.is_set():
                        connection.send(to_bytes("POST", "/classify", mails[index]))
                        answer = connection.read()
                        assert answer.status == 200, answer.body
                        assert not answer.json()["fallback_used"]

            def reload(_):
                for count in range(5):
                    server.process.send_signal(signal.SIGHUP)
                    server.wait_log("model_reloaded", count + 1)
                stop.set()

            harness.together(9, lambda index: ask(index) if index < 8 else reload(index))
            self.assertEqual(server.metrics()["model_load_time_seconds_count"], 6)

    def test_answers_are_not_mixed_up(self):
        """160 connections, each with mail and ids of its own."""
        mails = harness.emails()[:160]
        with Server(model=self.model, MAX_QUEUE=1000, CACHE_SIZE=0) as server:
            alone = [server.classify(mail).json() for mail in mails]
            self.assertGreater(len({answer["confidence"] for answer in alone}), 100)

            def ask(index):
                with server.connect() as connection:
                    for turn in range(5):
                        name = f"client{index}-{turn}"
                        connection.send(to_bytes("POST", "/classify", mails[index],
                                                 {"X-Request-Id": name}))
                        answer = connection.read()
                        assert answer.status == 200, answer.body
                        assert answer.headers["x-request-id"] == name
                        for member in ("label", "tokens", "confidence"):
                            assert answer.json()[member] == alone[index][member]
            harness.together(160, ask)

    def test_full_queue(self):
        """More than fits: each is answered, by 200 or at once by 429; nothing waits for ever."""
        long = {"subject": "Long", "message": "My car will not start this morning. " * 50}
        with Server(model=self.model, WORKERS=1, MAX_QUEUE=4, CACHE_SIZE=0) as server:
            seen = []

            def ask(_):
                with server.connect() as connection:
                    for _ in range(5):
                        connection.send(to_bytes("POST", "/classify", long))
                        answer = connection.read()
                        seen.append(answer.status)
                        if answer.status == 429:
                            assert answer.headers["retry-after"] == "1"
                            assert "queue is full" in answer.json()["detail"]
            harness.together(30, ask)
            self.assertEqual(len(seen), 150)
            self.assertEqual(set(seen), {200, 429})
            metrics = server.metrics()
            self.assertEqual(metrics['http_requests_refused_total{reason="queue"}'],
                             seen.count(429))
            self.assertEqual((metrics["queue_depth"], metrics["queue_capacity"]), (0, 4))
            batch = server.request("POST", "/classify-batch", [GOOD] * 64)
            self.assertEqual(batch.status, 200, "a batch larger than the queue, when nothing waits")

    def test_memory_for_bodies(self):
        """Bodies that are never completed cannot take all memory."""
        with Server(model=self.model, MAX_BODY_MEMORY_MB=2, BODY_TIMEOUT_SECONDS=2) as server:
            head = to_bytes("POST", "/classify-batch", b"", {"Content-Length": 1 << 20})
            connections = [server.connect() for _ in range(6)]
            for connection in connections:
                connection.send(head + b"[" + b" " * (900 << 10))
            refused = 'http_requests_refused_total{reason="memory"}'
            harness.wait_for(lambda: server.metrics()[refused], "the refusal of a body")
            for connection in connections:
                connection.ends()
                connection.socket.close()
            self.assertEqual(server.classify().status, 200)

    def test_few_descriptors(self):
        with Server(model=self.model, files=100) as server:
            self.assertIn("only ", server.errors())
            connections = [server.connect() for _ in range(120)]
            connections[0].send(to_bytes("POST", "/classify", GOOD))
            self.assertEqual(connections[0].read().status, 200)
            for connection in connections:
                connection.socket.close()
            self.assertEqual(server.classify().status, 200)


class Ending(unittest.TestCase):
    def end_under_load(self, number, mails, clients, **settings):
        """Clients ask all the time while the server ends. Each answer that began is whole; a
        request may only stay unanswered when the connection was closed before it."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        with Server(model=harness.tiny_model(folder), CACHE_SIZE=0, **settings) as server:
            answered = [0] * clients

            def ask(index):
                with server.connect() as connection:
                    while True:
                        try:
                            connection.send(to_bytes("POST", "/classify", mails[index]))
                        except OSError:
                            return
                        answer = connection.read()  # fails when it is cut off
                        if answer is None:
                            return
                        assert answer.status in (200, 429), answer.body
                        json.loads(answer.body)
                        answered[index] += 1
                        if answer.headers.get("connection") == "close":
                            return

            def end(_):
                harness.wait_for(lambda: min(answered) > 0 and sum(answered) > 10 * clients,
                                 "load from every client")
                server.process.send_signal(number)

            harness.together(clients + 1, lambda i: ask(i) if i < clients else end(i))
            self.assertEqual(server.process.wait(harness.PATIENCE), 0, server.errors())
            self.assertEqual(server.log()[-1]["event"], "server_ended")
            ending = [line for line in server.log() if line["event"] == "server_ending"]
            self.assertEqual(len(ending), 1)
            counted = sum(1 for line in server.log() if line["event"] == "email_classification")
            self.assertEqual(counted, sum(answered), "accepted requests without an answer")
            self.assertLess(server.log_time("server_ended") - server.log_time("server_ending"), 8)

    def test_end(self):
        self.end_under_load(signal.SIGTERM, harness.emails(), 32)
        self.end_under_load(signal.SIGINT, harness.emails(), 4)

    def test_end_with_silent_clients(self):
        with Server() as server:
            with server.connect() as silent, server.connect() as idle, server.connect() as slow:
                idle.send(to_bytes("GET", "/live"))
                self.assertEqual(idle.read().status, 200)
                slow.send(b"POST /classify HTTP/1.1\r\n")
                start = time.monotonic()
                server.process.send_signal(signal.SIGTERM)
                self.assertEqual(silent.ends() + idle.ends(), b"")
                self.assertEqual(server.process.wait(harness.PATIENCE), 0)
                self.assertLess(time.monotonic() - start, 8)

    def test_long_work_is_cut_short_by_rules(self):
        """A queue that would take too long: all is answered, and the end comes in time."""
        long = {"subject": "My car", "message": "My car was stolen this morning. " * 150}
        model = harness.tiny_model(self.enterContext(tempfile.TemporaryDirectory()))
        with Server(model=model, WORKERS=1, MAX_QUEUE=5000, CACHE_SIZE=0) as server:
            sources = []
            connected = threading.Barrier(17)

            def ask(index):
                if index == 16:
                    connected.wait(harness.PATIENCE)
                    harness.wait_for(lambda: server.metrics()["queue_depth"] > 800, "a queue")
                    server.process.send_signal(signal.SIGTERM)
                    return
                mails = [{**long, "subject": f"{index} {i}"} for i in range(64)]
                with server.connect() as connection:
                    connected.wait(harness.PATIENCE)
                    connection.send(to_bytes("POST", "/classify-batch", mails))
                    results = connection.read().json()["results"]
                    sources.extend(result["source"] for result in results)

            harness.together(17, ask)
            self.assertEqual(server.process.wait(harness.PATIENCE), 0)
            ended = server.log_time("server_ended") - server.log_time("server_ending")
            self.assertLess(ended, 8)
            self.assertEqual(len(sources), 16 * 64)
            self.assertLessEqual(set(sources), {"model", "rules"})
            self.assertIn("rules", sources)


if __name__ == "__main__":
    harness.main()
