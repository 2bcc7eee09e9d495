# SPDX-License-Identifier: Apache-2.0
"""Logs and metrics: complete, well formed, and without a word of the mail."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

import harness
from harness import GOOD, MODEL, Server
from test_security import SECRET, token

PLANTED = "xq7planted9secret"


class Secrets(unittest.TestCase):
    def test_no_word_of_1000_mails_gets_out(self):
        """Planted in subjects, messages, mails that are refused, broken JSON, headers and URLs."""
        model = harness.tiny_model(self.enterContext(tempfile.TemporaryDirectory()))
        with Server(model=model, LOG_LEVEL="debug", RATE_LIMIT="100000/second",
                    JWT_SECRET=SECRET) as server:
            headers = {"Authorization": token(sub="tester")}
            told = []

            def ask(body, path="/classify", more=None):
                answer = server.request("POST", path, body, headers | (more or {}))
                told.append(answer.body + repr(answer.headers).encode())
                return answer.status

            for i in range(150):
                text = f"{PLANTED} {i} my car will not start {PLANTED}"
                self.assertEqual(ask({"subject": f"Help {PLANTED}", "message": text}), 200)
                self.assertEqual(ask({"subject": PLANTED * 20, "message": text}), 422)
                self.assertEqual(ask({"subject": text, "message": text + "\a"}), 422)
                self.assertEqual(ask({"subject": 7, "message": text, PLANTED: PLANTED}), 422)
                self.assertEqual(ask(b'{"subject": "%s", "mess' % PLANTED.encode()), 400)
                self.assertEqual(ask(GOOD, f"/{PLANTED}"), 404)
            batch = [{"subject": f"{PLANTED} {i}", "message": f"{PLANTED} crash"}
                     for i in range(60)]
            batch += [{"subject": PLANTED, "message": i} for i in range(4)]
            self.assertEqual(ask(batch, "/classify-batch"), 200)
            self.assertEqual(ask(batch + batch, "/classify-batch"), 422)
            for name in ("X-Request-Id", "traceparent", "Authorization", "Origin", "Expect",
                         "X-Forwarded-For", "User-Agent", "Content-Type", "Cookie"):
                ask(GOOD, more={name: f"<{PLANTED}>"})
            self.assertEqual(server.get(f"/live?q={PLANTED}").status, 200)
            for path in ("/metrics", "/health", "/model-info"):
                told.append(server.get(path).body)
            server.stop()
            lines = server.log()
            self.assertGreater(len(lines), 1000)
            self.assertNotIn(PLANTED, server.log_path.read_text())
            self.assertNotIn(PLANTED, server.errors())
            self.assertNotIn(headers["Authorization"].split()[1], server.log_path.read_text())
            self.assertNotIn(PLANTED.encode(), b"".join(told))


class Log(unittest.TestCase):
    def test_classification(self):
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        with Server(GOOGLE_CLOUD_PROJECT="project") as server:
            server.classify(headers={"X-Request-Id": "this-one",
                                     "traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
            line = server.wait_log("email_classification")
            self.assertRegex(line["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertEqual((line["level"], line["severity"]), ("info", "INFO"))
            self.assertEqual((line["request_id"], line["trace"]), ("this-one", trace))
            self.assertEqual(line["logging.googleapis.com/trace"],
                             f"projects/project/traces/{trace}")
            self.assertEqual(line["email_length"], len(GOOD["subject"] + GOOD["message"]))
            self.assertEqual((line["prediction"], line["source"]), ("CarBreakdown", "model"))
            self.assertGreater(line["confidence"], 0.5)
            self.assertGreater(line["processing_time_ms"], 0)
            self.assertEqual(line["model_version"],
                             server.get("/model-info").json()["version"])
            server.classify(headers={"X-Cloud-Trace-Context": f"{trace}/1;o=1"})
            self.assertEqual(server.wait_log("email_classification", 2)["trace"], trace)

    def test_levels(self):
        with Server(LOG_LEVEL="debug") as server:
            server.get("/live")
            line = server.wait_log("http_request")
            self.assertEqual((line["route"], line["status"]), ("/live", 200))
        with Server(LOG_LEVEL="info") as server:
            server.get("/live")
            server.classify()
            server.wait_log("email_classification")
            self.assertNotIn("http_request", [line["event"] for line in server.log()])

    def test_a_reader_that_stops_reading(self):
        """The log goes into a pipe that nobody empties: serving goes on, lines are counted."""
        reader, writer = os.pipe()
        try:
            with Server(stdout=writer, LOG_LEVEL="debug") as server:
                def ask(_):
                    with server.connect() as connection:
                        for _ in range(1000):
                            connection.send(harness.to_bytes("GET", "/live"))
                            assert connection.read().status == 200

                harness.wait_for(lambda: harness.together(4, ask) or
                                 server.metrics()["log_lines_dropped_total"] > 0,
                                 "a line that was dropped")
                server.stop()
        finally:
            os.close(reader)
            os.close(writer)

    def test_a_full_disk(self):
        with open("/dev/full", "wb") as full, Server(stdout=full) as server:
            self.assertEqual(server.classify().status, 200)
            server.stop()


class Metrics(unittest.TestCase):
    def test_counts(self):
        with Server() as server:
            for _ in range(3):
                server.classify()
            server.classify({"subject": "", "message": ""})
            server.get("/nothing")
            server.request("BREW", "/live")
            metrics = server.metrics()
            for name, value in (
                    ('email_predictions_total{category="CarBreakdown",source="model"}', 1),
                    ('email_predictions_total{category="CarBreakdown",source="cache"}', 2),
                    ('http_requests_total{method="POST",route="/classify",status="200"}', 3),
                    ('http_requests_total{method="POST",route="/classify",status="422"}', 1),
                    ('http_requests_total{method="GET",route="other",status="404"}', 1),
                    ('http_requests_total{method="other",route="/live",status="501"}', 1),
                    ("prediction_duration_seconds_count", 3),
                    ('prediction_duration_seconds_bucket{le="+Inf"}', 3),
                    ("model_load_time_seconds_count", 1), ("http_requests_in_flight", 1),
                    ("cache_hits_total", 2), ("cache_misses_total", 1), ("cache_entries", 1),
                    ("email_fallbacks_total", 0), ("queue_depth", 0), ("workers", 2),
                    ('circuit_breaker_state{state="closed"}', 1)):
                self.assertEqual(metrics[name], value, name)
            for name in ("process_cpu_seconds_total", "process_resident_memory_bytes",
                         "process_virtual_memory_bytes", "process_open_fds", "process_max_fds"):
                self.assertGreater(metrics[name], 0, name)
            started = metrics["process_start_time_seconds"]
            self.assertLess(abs(started - os.stat(server.folder.name).st_mtime), 60)

    def test_labels_are_bounded(self):
        """Whatever clients invent makes no further series."""
        with Server() as server:
            for i in range(50):
                server.get(f"/nothing{i}")
                server.request(f"BREW{i}", f"/{i}")
            series = [name for name in server.metrics() if name.startswith("http_requests_total")]
            self.assertLess(len(series), 5)

    def test_promtool(self):
        promtool = os.environ.get("PROMTOOL") or shutil.which("promtool")
        if not promtool:
            self.skipTest("there is no promtool")
        with Server() as server:
            server.classify()
            answer = server.get("/metrics")
            self.assertEqual(answer.headers["content-type"],
                             "text/plain; version=0.0.4; charset=utf-8")
            done = subprocess.run([promtool, "check", "metrics"], input=answer.body, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertEqual((done.returncode, done.stdout), (0, b""))

    def test_other_labels_after_a_reload(self):
        """Another model, whose labels must be escaped; the counts begin anew."""
        labels = ['a "quoted" one', "back\\slash", "third"]
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        shutil.copytree(harness.ROOT / "tests/parity/tiny", folder / "tiny")
        config = json.loads((folder / "tiny/config.json").read_text())
        config["id2label"] |= {str(i): label for i, label in enumerate(labels)}
        (folder / "tiny/config.json").write_text(json.dumps(config))
        shutil.copy(MODEL, folder / "model.ecm")
        with Server(model=folder / "model.ecm") as server:
            server.classify()
            harness.command_line("convert", str(folder / "tiny"), str(folder / "new.ecm"))
            (folder / "new.ecm").rename(folder / "model.ecm")
            server.process.send_signal(signal.SIGHUP)
            server.wait_log("model_reloaded")
            lines = [line for line in server.get("/metrics").body.decode().split("\n")
                     if line.startswith("email_predictions_total")]
            self.assertFalse([line for line in lines
                              if "CarBreakdown" in line or not line.endswith(" 0")])
            for label in (r"a \"quoted\" one", r"back\\slash"):
                self.assertIn(f'email_predictions_total{{category="{label}",source="model"}} 0',
                              lines)


if __name__ == "__main__":
    harness.main()
