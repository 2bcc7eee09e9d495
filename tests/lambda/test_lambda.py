# SPDX-License-Identifier: Apache-2.0
"""The Lambda runtime against a Runtime API of our own.

    test_lambda.py ROOT [--memory] PROGRAM...

--memory: check that memory does not grow, which means nothing under a sanitizer or an emulator.
"""

import base64
import copy
import hashlib
import hmac
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from runtime_api import WAIT_S, RuntimeApi, Step

HERE = pathlib.Path(__file__).parent
SECRET = "xyzzyplugh"  # in every mail, and in nothing that may be printed or answered
LABELS = ["CarBreakdown", "CarCrash", "CarRenewal", "CarTheft", "CarWindshield", "Other"]
JWT_SECRET = "0123456789abcdef0123456789abcdef"

ROOT = pathlib.Path()
PROGRAM = []
MEMORY = False
ENVIRONMENT = {}


def event(name):
    return json.loads((HERE / "events" / f"{name}.json").read_text())


def request(path="/classify", body=None, method="POST", **changes):
    """An event of a Function URL."""
    made = event("function_url")
    made["rawPath"] = path
    made["requestContext"]["http"]["method"] = method
    made["isBase64Encoded"] = False
    made["body"] = json.dumps(event("email")) if body is None else body
    made.update(changes)
    return made


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(**claims):
    signed = f'{encode(b"""{"alg":"HS256"}""")}.{encode(json.dumps(claims).encode())}'
    mac = hmac.new(JWT_SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    return f"Bearer {signed}.{encode(mac)}"


class LambdaTest(unittest.TestCase):
    def setUp(self):
        self.api = self.enterContext(RuntimeApi(PROGRAM, ENVIRONMENT))

    def tearDown(self):
        self.api.stop()
        if self.api.output is not None:
            self.assertNotIn(SECRET, self.api.output[0].decode())
            self.assertNotIn(SECRET, self.api.errors)
            self.assertNotIn("ERROR: AddressSanitizer", self.api.errors)
            self.assertNotIn("runtime error:", self.api.errors)

    def check_answer(self, answer, source="model"):
        self.assertIn(answer["label"], LABELS)
        self.assertEqual(list(answer["scores"]), LABELS)
        self.assertEqual(answer["source"], source)
        self.assertEqual(answer["fallback_used"], source in ("rules", "default"))

    def check_problem(self, post, status, *words):
        self.assertEqual(post.kind, "response")
        answer = post.json()
        self.assertEqual(answer["statusCode"], status)
        self.assertEqual(answer["headers"]["content-type"], "application/problem+json")
        problem = json.loads(answer["body"])
        self.assertEqual(problem["status"], status)
        self.assertEqual(problem["request_id"], post.id)
        for word in words:
            self.assertIn(word, json.dumps(problem))
        self.assertNotIn(SECRET, post.body.decode())
        return answer, problem


class Events(LambdaTest):
    """What each kind of event is answered with."""

    def test_over_http(self):
        self.api.start(CACHE_SIZE="1")
        for name in ("rest", "http", "function_url", "load_balancer",
                     "load_balancer_multi_value"):
            with self.subTest(name):
                post = self.api.invoke(event(name))
                self.assertEqual(post.kind, "response")
                self.assertEqual(post.headers["Content-Type"], "application/json")
                answer = post.json()
                self.assertEqual(answer["statusCode"], 200)
                self.assertIs(answer["isBase64Encoded"], False)
                self.assertEqual("statusDescription" in answer, name.startswith("load_balancer"))
                if name == "load_balancer_multi_value":
                    self.assertEqual(answer["multiValueHeaders"]["content-type"],
                                     ["application/json"])
                    self.assertNotIn("headers", answer)
                else:
                    self.assertEqual(answer["headers"]["content-type"], "application/json")
                    self.assertEqual(answer["headers"]["cache-control"], "no-store")
                    self.assertEqual(answer["headers"]["x-request-id"], post.id)
                self.check_answer(json.loads(answer["body"]),
                                  "model" if name == "rest" else "cache")
                self.assertNotIn(SECRET, post.body.decode())

    def test_email(self):
        self.api.start()
        self.check_answer(self.api.invoke(event("email")).json())

    def test_explanation(self):
        self.api.start()
        answer = self.api.invoke({**event("email"), "explain": True}).json()
        self.check_answer(answer)
        fields = [sentence["field"] for sentence in answer["explanation"]["sentences"]]
        self.assertEqual(fields[0], "subject")
        self.assertIn("message", fields)
        self.assertNotIn("explanation", self.api.invoke(event("email")).json())

    def test_batches(self):
        self.api.start(CACHE_SIZE="0")
        mail = event("email")
        bad = {"subject": "Stolen car", "message": "short"}
        bodies = [[mail, bad, mail], {"emails": [mail, 7, mail]}]
        for body in bodies:
            over_http = self.api.invoke(request("/classify-batch", json.dumps(body))).json()
            self.assertEqual(over_http["statusCode"], 200)
            for answer in (json.loads(over_http["body"]), self.api.invoke(body).json()):
                self.assertEqual(len(answer["results"]), 3)
                self.check_answer(answer["results"][0])
                self.assertIn(answer["results"][1]["error"]["code"], ("too_short", "type"))
                self.check_answer(answer["results"][2])

    def test_messages(self):
        self.api.start()
        sqs = event("sqs")
        ids = [record["messageId"] for record in sqs["Records"]]
        post = self.api.invoke(sqs)
        self.assertEqual(post.json(), {"batchItemFailures": [{"itemIdentifier": ids[1]},
                                                             {"itemIdentifier": ids[2]}]})
        self.assertEqual(self.api.invoke({"Records": []}).json(), {"batchItemFailures": []})
        self.api.terminate()
        answers = [line for line in self.api.logs if line["event"] == "email_classification"]
        self.assertEqual([line["message_id"] for line in answers], [ids[0], ids[3]])
        self.assertTrue(all(line["request_id"] == post.id for line in answers))
        refused = [line for line in self.api.logs if line["event"] == "message_refused"]
        self.assertEqual([line["message_id"] for line in refused], ids[1:3])

    def test_unsupported(self):
        self.api.start()
        records = copy.deepcopy(event("sqs"))
        records["Records"][2]["eventSource"] = "aws:s3"
        nameless = copy.deepcopy(event("sqs"))
        del nameless["Records"][0]["messageId"]
        for body in ({}, {"detail-type": "x"}, 7, "text", None, records, nameless,
                     {"Records": [7]}):
            post = self.api.invoke(body)
            self.assertEqual(post.kind, "error")
            self.assertEqual(post.json()["errorType"], "Event.Unsupported")
            self.assertEqual(post.headers["Lambda-Runtime-Function-Error-Type"],
                             "Event.Unsupported")
        for raw in (b"", b"{", b"\xff", b'{"subject":1,"subject":2}', b"[" * 100000):
            self.assertEqual(self.api.invoke(raw=raw).json()["errorType"], "Event.Unsupported")
        self.check_answer(self.api.invoke(event("email")).json())

    def test_bad_emails(self):
        self.api.start()
        for body, word in (({"subject": "x"}, "message"), ({"message": 1}, "subject"),
                           ({"emails": []}, "batch"), ([], "batch"),
                           ({"subject": "x" * 201, "message": SECRET * 10}, "200")):
            post = self.api.invoke(body)
            self.assertEqual(post.kind, "error")
            self.assertEqual(post.json()["errorType"], "Request.Invalid")
            self.assertIn(word, post.json()["errorMessage"])
            self.assertNotIn(SECRET, post.body.decode())


class Requests(LambdaTest):
    """Over HTTP: routes, refusals, health."""

    def test_refusals(self):
        self.api.start()
        cases = [
            (request("/"), 404, "/classify"),
            (request("/classify/"), 404, ""),
            (request("/metrics", method="GET"), 404, ""),
            (request(method="GET"), 405, ""),
            (request("/health"), 405, ""),
            (request(headers={}), 415, "application/json"),
            (request(headers=[1, "x"]), 415, ""),
            (request(headers={"content-type": ["application/json"]}), 415, ""),
            (request(headers=None, multiValueHeaders=["x"]), 415, ""),
            (request(headers={"content-type": "text/plain"}), 415, ""),
            (request(headers={"Content-Type": "application/json; charset=latin1"}), 415, ""),
            (request(body=""), 400, "byte 1"),
            (request(body='{"subject": ' + SECRET), 400, "byte 13"),
            (request(body='{"subject":1,"subject":2}'), 400, "twice"),
            (request(body="not base64!", isBase64Encoded=True), 400, ""),
            (request(body=None, isBase64Encoded=True), 400, ""),
            (request(body="{}"), 422, "missing"),
            (request(body='{"subject":"x","message":"short"}'), 422, "too_short"),
            (request(body="[]"), 422, "type"),
            (request("/classify-batch", "[]"), 422, "count"),
            (request("/classify-batch", json.dumps([event("email")] * 65)), 422, "65"),
            (request(body=" " * (128 * 1024 + 1)), 413, "131072"),
            (request("/classify-batch", " " * (2 * 1024 * 1024 + 1)), 413, ""),
        ]
        for made, status, word in cases:
            self.check_problem(self.api.invoke(made), status, word)
        made = request()
        del made["body"]
        self.check_problem(self.api.invoke(made), 400)
        answer, _ = self.check_problem(self.api.invoke(request(method="PUT")), 405)
        self.assertEqual(answer["headers"]["allow"], "POST, OPTIONS")
        answer, _ = self.check_problem(self.api.invoke(request("/health", method="DELETE")), 405)
        self.assertEqual(answer["headers"]["allow"], "GET, OPTIONS")

    def test_stage(self):
        self.api.start()
        for path in ("/prod/classify", "/api/v1/classify"):
            self.assertEqual(self.api.invoke(request(path)).json()["statusCode"], 200)

    def test_health(self):
        self.api.start()
        answer = self.api.invoke(request("/health", method="GET")).json()
        health = json.loads(answer["body"])
        self.assertEqual((answer["statusCode"], health["status"]), (200, "healthy"))
        self.assertIs(health["checks"]["model"]["loaded"], True)
        self.assertEqual(health["checks"]["circuit_breaker"]["state"], "closed")

    def test_other_origins(self):
        page = "https://page.example"

        def ask(origin, method):
            headers = {"content-type": "application/json", "Origin": origin}
            answer = self.api.invoke(request(method=method, headers=headers)).json()
            return answer["statusCode"], answer["headers"]

        self.api.start(ALLOWED_ORIGINS=f"https://other.example, {page}")
        status, headers = ask(page, "OPTIONS")
        self.assertEqual(status, 204)
        self.assertEqual(headers["access-control-allow-origin"], page)
        self.assertEqual(headers["access-control-allow-methods"], "POST")
        self.assertEqual(headers["vary"], "Origin")
        status, headers = ask(page, "POST")
        self.assertEqual((status, headers["access-control-allow-origin"]), (200, page))
        status, headers = ask(page + ".evil.example", "POST")
        self.assertEqual((status, headers["vary"]), (200, "Origin"))
        self.assertNotIn("access-control-allow-origin", headers)
        self.api.terminate()
        self.api.start()
        self.assertNotIn("access-control-allow-origin", ask(page, "OPTIONS")[1])

    def test_tokens(self):
        self.api.start(JWT_SECRET=JWT_SECRET, JWT_ISSUER="us")
        now = time.time()
        good = {"exp": now + 60, "iss": "us", "scope": "can_classify"}
        json_type = {"content-type": "application/json"}

        def ask(**headers):
            return self.api.invoke(request(headers={**json_type, **headers}))

        self.assertEqual(ask(authorization=token(**good)).json()["statusCode"], 200)
        self.assertEqual(ask(Authorization=token(**good)).json()["statusCode"], 200)
        cases = [({}, 401, "realm"),
                 ({"authorization": "Basic YTpi"}, 401, "realm"),
                 ({"authorization": token(**good)[:-1]}, 401, "invalid_token"),
                 ({"authorization": token(**{**good, "exp": now - 60})}, 401, "expired"),
                 ({"authorization": token(**{**good, "iss": "them"})}, 401, "invalid_token"),
                 ({"authorization": token(**{**good, "scope": "x"})}, 403, "insufficient_scope")]
        for headers, status, word in cases:
            answer, _ = self.check_problem(ask(**headers), status)
            self.assertIn(word, answer["headers"]["www-authenticate"])
        # Health is for everybody.
        health = request("/health", method="GET", headers={})
        self.assertEqual(self.api.invoke(health).json()["statusCode"], 200)


class Start(LambdaTest):
    """How the process starts, or does not."""

    def test_command(self):
        self.api.start("lambda", "--policy", "strict")
        self.check_answer(self.api.invoke(event("email")).json())
        post = self.api.invoke({"subject": "Caf\u00e9", "message": "Long enough to be read."})
        self.assertEqual(post.kind, "error")

    def test_no_model(self):
        for path in ("/nowhere.ecm", str(HERE / "test_lambda.py")):
            self.api.start(MODEL_PATH=path)
            self.check_answer(self.api.invoke(event("email")).json(), "rules")
            health = json.loads(
                self.api.invoke(request("/health", method="GET")).json()["body"])
            self.assertEqual(health["status"], "degraded")
            self.assertEqual(self.api.terminate(), 0)
            self.assertIn(path, self.api.errors)

    def test_bad_settings(self):
        for settings in ({"JWT_SECRET": "short"}, {"POLICY": "x"}, {"LOG_LEVEL": "loud"}):
            self.api.start(**settings)
            post = self.api.posts.get(timeout=WAIT_S)
            self.assertEqual(post.kind, "init")
            self.assertEqual(post.json()["errorType"], "Runtime.InvalidConfiguration")
            self.assertEqual(self.api.wait(), 1)
            self.assertIn(next(iter(settings)), self.api.errors)
            self.assertNotIn("short", self.api.errors.replace("shorter", ""))
            self.assertTrue(self.api.asked.empty())

    def test_bad_endpoint(self):
        for endpoint in ("127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", ":9001",
                         "example.com:80", "127.0.0.1:80x", "x" * 200 + ":80", "[::1:80"):
            self.api.start(AWS_LAMBDA_RUNTIME_API=endpoint)
            self.assertEqual(self.api.wait(), 1)
            self.assertIn("AWS_LAMBDA_RUNTIME_API", self.api.errors)
        self.api.start("lambda", AWS_LAMBDA_RUNTIME_API="")
        self.assertEqual(self.api.wait(), 2)

    def test_localhost(self):
        port = self.api.endpoint.split(":")[1]
        self.api.start(AWS_LAMBDA_RUNTIME_API=f"localhost:{port}")
        self.check_answer(self.api.invoke(event("email")).json())

    def test_nobody_there(self):
        self.api.start(AWS_LAMBDA_RUNTIME_API="127.0.0.1:1")
        self.assertEqual(self.api.wait(), 1)
        self.assertIn("cannot be reached", self.api.errors)

    def test_help(self):
        done = subprocess.run([*PROGRAM, "lambda", "--help"], capture_output=True, check=True)
        self.assertTrue(done.stdout.startswith(b"usage: email-classifier lambda"))


class Faults(LambdaTest):
    """A Runtime API that misbehaves."""

    def recovers_from(self, *steps):
        self.api.start()
        for step in steps:
            self.api.steps.put(step)
        self.check_answer(self.api.invoke(event("email")).json())
        self.assertEqual(self.api.terminate(), 0)

    def test_cut_connections(self):
        mail = event("email")
        length = len(Step(mail).response())
        for cut in (0, 5, 100, length - 50, length - 1):
            with self.subTest(cut=cut):
                self.recovers_from(Step(mail, cut_after=cut))

    def test_bad_responses(self):
        no_id = Step(event("email"), headers={"Lambda-Runtime-Deadline-Ms": "1"})
        bad_id = Step(event("email"), headers={"Lambda-Runtime-Aws-Request-Id": "../../x"})
        steps = [
            no_id, bad_id,
            Step(event("email"), status=503),
            Step(event("email"), headers={"Content-Length": "+7"}),
            Step(event("email"), headers={"Content-Length": "7, 7"}),
            Step(event("email"), headers={"Content-Length": str(1 << 30)}),
            Step(event("email"), headers={"Content-Length": "2", "Transfer-Encoding": "chunked"}),
            Step(event("email"), headers={"Content-Length": "2", "transfer-encoding": "gzip"}),
            Step(event("email"), headers={"Content-Length": "2", "Bad Name ": "x"}),
            Step(event("email"), headers={"Content-Length": "2", "Long": "x" * 70000}),
            Step(event("email"), headers={"Content-Length": "2", " folded": "x"}),
            Step(event("email"), headers={"Content-Length": "2", "Nul": "\0"}),
        ]
        for step in steps:
            with self.subTest(step=step.headers or step.status):
                self.recovers_from(step)

    def test_gives_up(self):
        self.api.start()
        for _ in range(5):
            self.api.steps.put(Step(status=503))
        self.assertEqual(self.api.wait(), 1)
        self.assertIn("Runtime API", self.api.errors)
        self.assertEqual(self.api.asked.qsize(), 5)

    def test_container_error(self):
        """By contract the runtime exits promptly."""
        self.api.start()
        self.api.steps.put(Step(status=500))
        self.assertEqual(self.api.wait(), 1)
        self.assertEqual(self.api.asked.qsize(), 1)

    def test_chunked(self):
        self.api.start()
        for left_over in range(3):
            mail = {**event("email"), "x": "y" * left_over}
            self.check_answer(self.api.invoke(mail, chunked=True).json(),
                              "cache" if left_over > 0 else "model")

    def test_answer_cut(self):
        """The answer is posted again when its connection is cut."""
        cuts = ["cut", "cut", 202]
        self.api.on_post = lambda post: cuts.pop(0)
        self.api.start()
        first = self.api.invoke(event("email"))
        again = [self.api.posts.get(timeout=WAIT_S) for _ in range(2)]
        self.assertTrue(all(p.id == first.id and p.body == first.body for p in again))
        self.api.on_post = lambda post: 202
        self.check_answer(self.api.invoke(event("email")).json(), "cache")

    def test_answer_refused(self):
        self.api.start()
        for status in (400, 403):
            self.api.on_post = lambda post, status=status: status
            self.assertEqual(self.api.invoke(event("email")).kind, "response")
        self.api.on_post = lambda post: 413 if post.kind == "response" else 202
        first = self.api.invoke(event("email"))
        error = self.api.posts.get(timeout=WAIT_S)
        self.assertEqual((error.kind, error.id), ("error", first.id))
        self.assertEqual(error.json()["errorType"], "Answer.TooLarge")
        self.api.on_post = lambda post: 202
        self.check_answer(self.api.invoke(event("email")).json(), "cache")
        self.api.on_post = lambda post: 500
        self.api.invoke(event("email"))
        self.assertEqual(self.api.wait(), 1)

    def test_duplicate_ids(self):
        self.api.start()
        for _ in range(2):
            self.assertEqual(self.api.invoke(event("email"), request_id="same").id, "same")

    def test_largest_event(self):
        self.api.start()
        wrapper = len(json.dumps(request("/classify-batch", "")).encode())
        largest = request("/classify-batch", "x" * (6 * 1024 * 1024 - wrapper))
        self.assertEqual(len(json.dumps(largest)), 6 * 1024 * 1024)
        self.check_problem(self.api.invoke(largest), 413)
        # As many emails as a batch may have, each as long as it may be.
        mail = {"subject": "s" * 200, "message": "word " * 999 + "end"}
        answer = self.api.invoke([mail] * 64).json()
        self.assertEqual(len(answer["results"]), 64)
        # More than Lambda hands over.
        self.api.steps.put(Step(raw=b'"' + b"x" * (6 * 1024 * 1024 + 70000) + b'"'))
        self.check_answer(self.api.invoke(event("email")).json())


class Time(LambdaTest):
    """Deadlines, signals, many invocations."""

    def invoke_hurried(self, made):
        """The answer to an invocation that must be over in 20 ms. On a busy machine even the rules
        may come too late, which is said; then again."""
        for _ in range(100):
            post = self.api.invoke(made, left_ms=20)
            if "no time left" not in post.body.decode():
                return post.json()
        return self.fail("never in time")

    def test_little_time(self):
        self.api.start()
        mail = event("email")
        self.check_answer(self.invoke_hurried(mail), "rules")
        answer = self.invoke_hurried(request())
        self.assertEqual(answer["statusCode"], 200)
        self.check_answer(json.loads(answer["body"]), "rules")
        # The breaker has not noticed.
        self.check_answer(self.api.invoke(mail).json())
        for answer in self.invoke_hurried([mail] * 3)["results"]:
            self.assertTrue(answer["fallback_used"])
            self.check_answer({**answer, "fallback_used": False}, "cache")

    def test_no_time(self):
        self.api.start()
        self.check_problem(self.api.invoke(request(), left_ms=-1000), 504)
        post = self.api.invoke(event("email"), left_ms=-1000)
        self.assertEqual((post.kind, post.json()["errorType"]), ("error", "Request.Failed"))
        failures = self.api.invoke(event("sqs"), left_ms=20).json()["batchItemFailures"]
        self.assertEqual(len(failures), 4)
        self.api.terminate()
        self.assertIn("message_left", [line["event"] for line in self.api.logs])

    def test_no_deadline(self):
        self.api.start()
        for value in ("", "soon", "-5", "9" * 30):
            step = Step(event("email"))
            step.headers = {"Lambda-Runtime-Aws-Request-Id": step.id,
                            "Lambda-Runtime-Deadline-Ms": value}
            self.api.steps.put(step)
            post = self.api.posts.get(timeout=WAIT_S)
            self.assertIn(post.json()["source"], ("model", "cache"))

    def resident_kb(self):
        status = pathlib.Path(f"/proc/{self.api.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def test_thousand_invocations(self):
        self.api.start(LOG_LEVEL="warning")
        before = None
        for i in range(1000):
            if i == 200:
                before = self.resident_kb()
            mail = {"subject": f"Mail {i}", "message": f"My car number {i} was stolen. {SECRET}"}
            self.check_answer(self.api.invoke(mail).json())
        after = self.resident_kb()
        if MEMORY:
            # The cache has its memory from the start; what it touches is all that may come.
            self.assertLess(after - before, 512)
        self.assertEqual(self.api.terminate(), 0)
        self.assertEqual(self.api.output, [b"", b""])

    def test_end_while_waiting(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.api.start()
            self.check_answer(self.api.invoke(event("email")).json())
            self.api.process.send_signal(number)
            self.assertEqual(self.api.wait(), 0)
            self.assertEqual(self.api.errors, "")

    def test_end_while_answering(self):
        """What has been begun is delivered."""

        def end_first(post):
            self.api.process.terminate()
            return 202

        self.api.on_post = end_first
        self.api.start()
        self.check_answer(self.api.invoke(event("email")).json())
        self.assertEqual(self.api.wait(), 0)

    def test_freeze(self):
        self.api.start()
        self.check_answer(self.api.invoke(event("email")).json())
        self.api.process.send_signal(signal.SIGSTOP)
        step = Step(event("email"))
        self.api.steps.put(step)
        self.api.process.send_signal(signal.SIGCONT)
        self.assertEqual(self.api.posts.get(timeout=WAIT_S).id, step.id)

        def freeze(post):
            self.api.process.send_signal(signal.SIGSTOP)
            return 202

        self.api.on_post = freeze
        self.api.invoke(event("email"))
        self.api.on_post = lambda post: 202
        self.api.process.send_signal(signal.SIGCONT)
        self.check_answer(self.api.invoke(event("email")).json(), "cache")

    def test_logs(self):
        self.api.start()
        post = self.api.invoke(event("email"))
        self.api.invoke(request(body="{}"))
        self.api.invoke(request("/nowhere"))
        self.api.invoke({"subject": SECRET})
        self.api.terminate()
        answered, *refused = self.api.logs
        for name in ("timestamp", "level", "severity", "message", "trace", "email_length",
                     "prediction", "confidence", "processing_time_ms", "model_version"):
            self.assertIn(name, answered)
        self.assertEqual(answered["event"], "email_classification")
        self.assertEqual(answered["request_id"], post.id)
        self.assertEqual(answered["source"], "model")
        self.assertEqual([(line["event"], line["status"]) for line in refused],
                         [("request_refused", status) for status in (422, 404, 422)])


def main():
    global ROOT, PROGRAM, MEMORY
    ROOT = pathlib.Path(sys.argv[1])
    MEMORY = sys.argv[2] == "--memory"
    PROGRAM = sys.argv[3 if MEMORY else 2:]
    with tempfile.TemporaryDirectory() as folder:
        model = f"{folder}/tiny.ecm"
        settings = pathlib.Path(folder) / "settings.json"
        rule = {"label": "CarTheft", "confidence": 0.9, "words": ["stolen"]}
        settings.write_text(json.dumps({"rules": [rule]}))
        subprocess.run([*PROGRAM, "convert", "--settings", settings, ROOT / "tests/parity/tiny",
                        model], check=True)
        ENVIRONMENT["MODEL_PATH"] = model
        result = unittest.main(argv=sys.argv[:1], exit=False, verbosity=1).result
    sys.exit(not result.wasSuccessful())


main()
