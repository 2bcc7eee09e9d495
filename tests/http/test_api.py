# SPDX-License-Identifier: Apache-2.0
"""What the endpoints answer, and what they say about requests that cannot be answered."""

import json
import unittest

import harness
from harness import GOOD, MODEL, Server, to_bytes

MAX_BODY = 128 << 10
MAX_BATCH_BODY = 2 << 20


def padded(body, size):
    """The JSON with white space up to this size."""
    data = json.dumps(body).encode()
    return data + b" " * (size - len(data))


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())

    def check_problem(self, answer, status, field=None, code=None):
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.headers["content-type"], "application/problem+json")
        problem = answer.json()
        self.assertEqual(problem["status"], status)
        self.assertTrue(problem["title"] and problem["detail"])
        self.assertEqual(problem["request_id"], answer.headers["x-request-id"])
        if field:
            found = [(error["field"], error["code"]) for error in problem["errors"]]
            self.assertIn((field, code), found)

    # ------------------------------------------------------------ answers

    def test_same_answers_as_the_command_line(self):
        mails = harness.emails()[:40]
        lines = "\n".join(json.dumps(mail) for mail in mails).encode()
        told = harness.command_line("batch", "--input-format", "jsonl", "--model", str(MODEL), "-",
                                    data=lines).decode().splitlines()
        for mail, line in zip(mails, told):
            answer = self.server.classify(mail).json()
            self.assertEqual(answer["label"], json.loads(line)["label"])
            self.assertAlmostEqual(answer["confidence"], json.loads(line)["confidence"], places=3)

    def test_answer(self):
        answer = self.server.classify()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["content-type"], "application/json")
        self.assertEqual(answer.headers["cache-control"], "no-store")
        body = answer.json()
        self.assertEqual((body["label"], body["class_id"]), ("CarBreakdown", 0))
        self.assertIn(body["source"], ("model", "cache"))
        self.assertIs(body["fallback_used"], False)
        self.assertAlmostEqual(sum(body["scores"].values()), 1, places=2)
        self.assertEqual(self.server.classify().json()["source"], "cache")

    def test_explanation(self):
        message = "Grüße to you all at the office. My car was stolen last night. Regards, Jo"
        mail = {"subject": "Question", "message": message}
        told = self.server.classify({**mail, "explain": True}).json()
        self.assertEqual(told["label"], "CarTheft")
        explanation = told.pop("explanation")
        self.assertNotEqual(explanation["runner_up"], "CarTheft")
        text = message.encode()
        sentences = [text[part["start"]:part["end"]].decode()
                     for part in explanation["sentences"] if part["field"] == "message"]
        self.assertEqual(sentences, ["Grüße to you all at the office.",
                                     "My car was stolen last night.", "Regards, Jo"])
        heaviest = max(explanation["sentences"], key=lambda part: part["weight"])
        self.assertEqual(text[heaviest["start"]:heaviest["end"]].decode(),
                         "My car was stolen last night.")
        self.assertNotEqual(heaviest["label_without"], "CarTheft")
        plain = self.server.classify({**mail, "explain": False}).json()
        self.assertEqual(plain["scores"], told["scores"])
        self.assertNotIn("explanation", plain)
        again = self.server.classify({**mail, "explain": True}).json()
        self.assertEqual((again["source"], again["explanation"]), ("cache", explanation))
        self.check_problem(self.server.classify({**mail, "explain": "yes"}), 422, "explain", "type")
        batch = self.server.request("POST", "/classify-batch", [{**mail, "explain": True}])
        self.assertNotIn("explanation", batch.json()["results"][0])

    def test_explanations_beside_other_mail(self):
        mails = harness.emails()[200:232]
        expected = [self.server.classify(mail).json()["label"] for mail in mails]
        answers = [None] * len(mails)

        def classify(i):
            answers[i] = self.server.classify({**mails[i], "explain": i % 3 == 0}).json()
        harness.together(len(mails), classify)
        self.assertEqual([answer["label"] for answer in answers], expected)
        self.assertEqual(["explanation" in answer for answer in answers],
                         [i % 3 == 0 for i in range(len(mails))])

    def test_server_timing(self):
        timing = self.server.classify().headers["server-timing"]
        parts = [part.strip().split(";dur=") for part in timing.split(",")]
        self.assertEqual([name for name, _ in parts], ["parse", "tokenize", "queue", "infer"])
        self.assertTrue(all(float(time) >= 0 for _, time in parts))

    def test_batch(self):
        mails = [GOOD, {"subject": "", "message": "long enough to be one"}, {"subject": "x"}, 7]
        for body in (mails, {"emails": mails}):
            answer = self.server.request("POST", "/classify-batch", body)
            self.assertEqual(answer.status, 200, answer.body)
            first, *others = answer.json()["results"]
            self.assertEqual(first["label"], "CarBreakdown")
            told = [(other["error"]["field"], other["error"]["code"]) for other in others]
            self.assertEqual(told[:2], [("subject", "too_short"), ("message", "missing")])
            self.assertEqual(len(others), 3)

    def test_batch_is_in_order(self):
        mails = harness.emails()[100:164]
        answer = self.server.request("POST", "/classify-batch", mails)
        for mail, result in zip(mails, answer.json()["results"], strict=True):
            alone = self.server.classify(mail).json()
            self.assertEqual(result["label"], alone["label"])
            self.assertAlmostEqual(result["confidence"], alone["confidence"], places=3)

    def test_batch_limits(self):
        def batch(mails):
            return self.server.request("POST", "/classify-batch", mails)
        self.assertEqual(len(batch([GOOD] * 63).json()["results"]), 63)
        self.assertEqual(len(batch([GOOD] * 64).json()["results"]), 64)
        self.check_problem(batch([GOOD] * 65), 422, "emails", "count")
        self.check_problem(batch([]), 422, "emails", "count")
        self.assertEqual(batch([{"subject": "", "message": ""}]).status, 200)

    def test_text_limits(self):
        good = "a" * 20
        for subject, message, field, code in (
                ("é" * 200, good, None, None), ("é" * 201, good, "subject", "too_long"),
                ("a", good, None, None), (" ", good, "subject", "too_short"),
                (good, "é" * 9, "message", "too_short"), (good, "é" * 10, None, None),
                (good, "é" * 5000, None, None), (good, "é" * 5001, "message", "too_long"),
                (good, "bell \a in the middle", "message", "character"),
                (good, None, "message", "type"), (7, good, "subject", "type")):
            answer = self.server.classify({"subject": subject, "message": message})
            if field is None:
                self.assertEqual(answer.status, 200, answer.body)
            else:
                self.check_problem(answer, 422, field, code)

    def test_json_that_cannot_be_read(self):
        good = b'"subject":"Help me","message":"My car will not start"'
        for body in (b"", b"{", b"{" + good, b"{" + good + b"}}", b"{" + good + b"} x", b"[1,]",
                     b"{" + good + b',"subject":"again"}', b"\xef\xbb\xbf{" + good + b"}",
                     b'{"subject":"\xff","message":"My car will not start"}', b"[" * 5000,
                     b'{"subject":"a\\u0000b","message":"My car will not start"}',
                     b'{"subject":"\\ud800","message":"My car will not start"}', b"\0"):
            with self.subTest(body=body[:40]):
                self.check_problem(self.server.classify(body), 400)
        self.check_problem(self.server.classify(b"[]"), 422)

    # ------------------------------------------------------------ sizes

    def test_body_limits(self):
        for path, body, limit in (("/classify", GOOD, MAX_BODY),
                                  ("/classify-batch", [GOOD], MAX_BATCH_BODY)):
            for size in (limit - 1, limit):
                answer = self.server.request("POST", path, padded(body, size))
                self.assertEqual(answer.status, 200, answer.body)
            self.check_problem(self.server.request("POST", path, padded(body, limit + 1)), 413)

    def test_chunked_body_limits(self):
        for size, status in ((MAX_BODY - 1, 200), (MAX_BODY, 200), (MAX_BODY + 1, 413)):
            data = padded(GOOD, size)
            pieces = [data[:1000], data[1000:1001], data[1001:]]
            body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
            answer = self.server.request("POST", "/classify", body + b"0\r\n\r\n",
                                         {"Transfer-Encoding": "chunked"})
            self.assertEqual(answer.status, status)

    def test_the_connection_goes_on_after_a_refused_body(self):
        with self.server.connect() as connection:
            connection.send(to_bytes("POST", "/classify", b"x" * (MAX_BODY + 1)))
            self.assertEqual(connection.read().status, 413)
            connection.send(to_bytes("POST", "/classify", GOOD))
            self.assertEqual(connection.read().status, 200)

    def test_a_huge_body_is_not_waited_for(self):
        with self.server.connect() as connection:
            connection.send(to_bytes("POST", "/classify", b"{",
                                     {"Content-Length": 1 << 40}))
            self.assertEqual(connection.read().status, 413)
            self.assertEqual(connection.ends(), b"")

    def test_an_endless_chunked_body_is_cut_off(self):
        with self.server.connect() as connection:
            connection.send(to_bytes("POST", "/classify", b"",
                                     {"Transfer-Encoding": "chunked"}))
            with self.assertRaises(OSError):
                for _ in range(1000):
                    connection.send(b"10000\r\n" + b" " * 65536 + b"\r\n")

    def test_header_limit(self):
        for size in (15 << 10, (16 << 10) + 1, 64 << 10):
            with self.server.connect() as connection:
                connection.send(to_bytes("GET", "/live", headers={"X-Filler": "a" * size}))
                self.assertEqual(connection.read().status, 200 if size < 16 << 10 else 431)

    def test_expect_continue(self):
        head = {"Expect": "100-continue", "Content-Length": len(json.dumps(GOOD))}
        with self.server.connect() as connection:
            connection.send(to_bytes("POST", "/classify", b"", head))
            self.assertEqual(connection.read().status, 100)
            connection.send(json.dumps(GOOD).encode())
            self.assertEqual(connection.read().status, 200)
        with self.server.connect() as connection:
            connection.send(to_bytes("POST", "/classify", b"",
                                     {**head, "Content-Length": MAX_BODY + 1}))
            self.assertEqual(connection.read().status, 413)
        self.check_problem(self.server.classify(headers={"Expect": "the unexpected"}), 417)

    # ------------------------------------------------------------ methods, types, paths

    def test_media_types(self):
        for value, status in (("application/json", 200), ("Application/JSON", 200),
                              ("application/json; charset=utf-8", 200),
                              ("application/json;charset=\"UTF-8\"", 200),
                              ("application/json; charset=latin1", 415), ("text/plain", 415),
                              ("application/jsonx", 415), ("", 415), (None, 415)):
            with self.subTest(value=value):
                self.assertEqual(self.server.classify(headers={"Content-Type": value}).status,
                                 status)
        self.check_problem(self.server.classify(headers={"Content-Encoding": "gzip"}), 415)

    def test_methods(self):
        for path, method, status, allow in (
                ("/classify", "GET", 405, "POST, OPTIONS"),
                ("/classify-batch", "PUT", 405, "POST, OPTIONS"),
                ("/health", "POST", 405, "GET, HEAD, OPTIONS"),
                ("/", "DELETE", 405, "GET, HEAD, OPTIONS"),
                ("/classify", "OPTIONS", 204, "POST, OPTIONS"),
                ("/health", "OPTIONS", 204, "GET, HEAD, OPTIONS"),
                ("/nothing", "POST", 404, None), ("/nothing", "OPTIONS", 404, None),
                ("/live", "BREW", 501, None), ("/live", "get", 501, None)):
            with self.subTest(path=path, method=method):
                answer = self.server.request(method, path)
                self.assertEqual(answer.status, status)
                self.assertEqual(answer.headers.get("allow"), allow)

    def test_head(self):
        for path in ("/live", "/health", "/metrics", "/openapi.json", "/", "/nothing"):
            got, head = self.server.get(path), self.server.request("HEAD", path)
            self.assertEqual(got.status, head.status)
            self.assertEqual(got.headers.keys(), head.headers.keys())
            self.assertEqual(got.headers["content-type"], head.headers["content-type"])

    def test_paths(self):
        self.assertEqual(self.server.get("/live?token=abc").status, 200)
        self.assertEqual(self.server.get("/%6cive").status, 200)
        for path in ("/Live", "/live/", "//live", "/classify/", "/nothing", "/live%00", "/li%0ave"):
            self.assertIn(self.server.get(path).status, (400, 404), path)

    # ------------------------------------------------------------ status

    def test_health(self):
        body = self.server.get("/health").json()
        self.assertEqual(body["status"], "healthy")
        self.assertRegex(body["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(set(body["checks"]), {"model", "circuit_breaker", "system"})
        self.assertEqual(body["checks"]["circuit_breaker"]["state"], "closed")
        for name in ("cpu_percent", "memory_percent", "disk_percent"):
            self.assertTrue(0 <= body["checks"]["system"][name] <= 100)
        self.assertEqual(self.server.get("/live").json(), {"status": "live"})
        self.assertEqual(self.server.get("/ready").json(), {"status": "ready"})

    def test_model_info(self):
        body = self.server.get("/model-info").json()
        told = json.loads(harness.command_line("model-info", "--format", "json", "--model",
                                               str(MODEL)))
        self.assertEqual(body["labels"], told["labels"])
        self.assertEqual(body["version"], told["version"])
        self.assertIs(body["loaded"], True)

    # ------------------------------------------------------------ headers

    def test_security_headers(self):
        for path in ("/", "/docs", "/live", "/metrics", "/openapi.json", "/nothing", "/classify"):
            headers = self.server.get(path).headers
            with self.subTest(path=path):
                self.assertEqual(headers["cross-origin-opener-policy"], "same-origin")
                self.assertEqual(headers["cross-origin-embedder-policy"], "require-corp")
                self.assertEqual(headers["x-content-type-options"], "nosniff")
                self.assertEqual(headers["x-frame-options"], "DENY")
                self.assertIn("default-src 'none'", headers["content-security-policy"])
                self.assertIn("frame-ancestors 'none'", headers["content-security-policy"])
                self.assertNotIn("unsafe-inline", headers["content-security-policy"])
                self.assertNotIn("server", headers)

    def test_request_ids(self):
        for value in ("a", "Z.9_-", "x" * 128):
            self.assertEqual(self.server.get("/live", {"X-Request-Id": value})
                             .headers["x-request-id"], value)
        made = set()
        for value in (None, "", "x" * 129, "a b", "é", "a<b"):
            made.add(self.server.get("/live", {"X-Request-Id": value}).headers["x-request-id"])
        self.assertEqual(len(made), 6)
        self.assertTrue(all(len(value) == 32 for value in made))

    def test_traceparent(self):
        good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        answer = self.server.get("/live", {"traceparent": good})
        self.assertEqual(answer.headers["traceparent"], good)
        for bad in (good.upper(), good[:-1], good + "0", good.replace("4bf9", "4bg9"),
                    "01" + good[2:], "00-" + "0" * 32 + good[35:], "00" + good[2:36] + "0" * 16
                    + good[52:]):
            self.assertNotIn("traceparent", self.server.get("/live", {"traceparent": bad}).headers)

    # ------------------------------------------------------------ connections

    def test_keep_alive(self):
        with self.server.connect() as connection:
            for _ in range(100):
                connection.send(to_bytes("POST", "/classify", GOOD))
                self.assertEqual(connection.read().status, 200)

    def test_pipelining(self):
        requests = [to_bytes("POST", "/classify", GOOD, {"X-Request-Id": f"id{i}"})
                    for i in range(20)]
        with self.server.connect() as connection:
            connection.send(b"".join(requests))
            for i in range(20):
                self.assertEqual(connection.read().headers["x-request-id"], f"id{i}")

    def test_connection_close(self):
        with self.server.connect() as connection:
            connection.send(to_bytes("GET", "/live", headers={"Connection": "close"}))
            self.assertEqual(connection.read().status, 200)
            self.assertEqual(connection.ends(), b"")

    def test_http_1_0(self):
        with self.server.connect() as connection:
            connection.send(b"GET /live HTTP/1.0\r\n\r\n")
            self.assertEqual(connection.read().status, 200)
            self.assertEqual(connection.ends(), b"")


if __name__ == "__main__":
    harness.main()
