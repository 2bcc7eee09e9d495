# SPDX-License-Identifier: Apache-2.0
"""Tokens, rate limits, client addresses, pages of other origins."""

import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import tempfile
import time
import unittest

import harness
from harness import GOOD, Server

SECRET = "0123456789abcdef0123456789abcdef"
BEFORE = "fedcba9876543210fedcba9876543210"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(secret=SECRET, **claims):
    payload = {"sub": "tester", "exp": int(time.time()) + 600, "scope": "can_classify"} | claims
    payload = {name: value for name, value in payload.items() if value is not None}
    signed = b64(b'{"alg":"HS256","typ":"JWT"}') + "." + b64(json.dumps(payload).encode())
    signature = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"Bearer {signed}.{b64(signature)}"


def refuses_to_start(test, message, *arguments, code=2, **settings):
    with Server(*arguments, wait=False, **settings) as server:
        test.assertEqual(server.process.wait(harness.PATIENCE), code)
        test.assertRegex(server.errors(), message)
        return server.errors()


class Tokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(
            JWT_SECRET=SECRET, JWT_SECRET_PREVIOUS=BEFORE, JWT_ISSUER="us", JWT_AUDIENCE="them"))

    def ask(self, authorization):
        return self.server.classify(headers={"Authorization": authorization})

    def test_good(self):
        self.assertEqual(self.ask(token(iss="us", aud="them")).status, 200)
        self.assertEqual(self.ask(token(BEFORE, iss="us", aud=["they", "them"])).status, 200)

    def test_refusals(self):
        good = {"iss": "us", "aud": "them"}
        for authorization, status, challenge in (
                (None, 401, "^Bearer realm="), ("Bearer x.y.z", 401, 'error="invalid_token"'),
                ("Basic dTpw", 401, "^Bearer"), (token("x" * 32, **good), 401, "invalid_token"),
                (token(**good, exp=int(time.time()) - 600), 401, "invalid_token"),
                (token(**good, exp=None), 401, "invalid_token"),
                (token(**good, nbf=int(time.time()) + 600), 401, "invalid_token"),
                (token(iss="we", aud="them"), 401, "invalid_token"),
                (token(), 401, "invalid_token"),
                (token(**good, scope="other"), 403, "insufficient_scope")):
            answer = self.ask(authorization)
            with self.subTest(authorization=authorization):
                self.assertEqual(answer.status, status, answer.body)
                self.assertRegex(answer.headers["www-authenticate"], challenge)
                self.assertEqual(answer.headers["content-type"], "application/problem+json")
        self.assertNotIn("error=", self.ask(None).headers["www-authenticate"])
        batch = self.server.request("POST", "/classify-batch", [GOOD])
        self.assertEqual(batch.status, 401)

    def test_other_paths_need_none(self):
        for path in ("/", "/health", "/live", "/ready", "/metrics", "/model-info", "/docs"):
            self.assertEqual(self.server.get(path).status, 200)

    def test_two_authorizations(self):
        with self.server.connect() as connection:
            request = harness.to_bytes("POST", "/classify", GOOD,
                                       {"Authorization": token(iss="us", aud="them")})
            connection.send(request.replace(b"Host: test",
                                            b"Host: test\r\nAuthorization: Bearer x"))
            self.assertIn(connection.read().status, (400, 401))

    def test_secrets_that_will_not_do(self):
        errors = refuses_to_start(self, "JWT_SECRET .hidden.", JWT_SECRET="secretive" * 3)
        self.assertNotIn("secretive", errors)
        refuses_to_start(self, "JWT_SECRET_FILE", JWT_SECRET_FILE="/nowhere")
        refuses_to_start(self, "JWT_SECRET_PREVIOUS", JWT_SECRET_PREVIOUS=BEFORE)

    def test_secret_from_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "secret")
            path.write_text(SECRET + "\n", encoding="ascii")
            with Server("--jwt-secret-file", str(path)) as server:
                self.assertEqual(server.classify().status, 401)
                good = {"Authorization": token()}
                self.assertEqual(server.classify(headers=good).status, 200)


class RateLimits(unittest.TestCase):
    def ask(self, server, count, **options):
        return [server.classify(**options).status for _ in range(count)]

    def test_by_address(self):
        with Server(RATE_LIMIT="10/hour") as server:
            first = server.classify()
            self.assertEqual(first.headers["ratelimit-policy"], '"default";q=10;w=3600')
            self.assertRegex(first.headers["ratelimit"], r'^"default";r=9;t=\d+$')
            self.assertEqual(self.ask(server, 9), [200] * 9)
            refused = server.classify()
            self.assertEqual(refused.status, 429)
            self.assertTrue(0 < int(refused.headers["retry-after"]) <= 360)
            self.assertRegex(refused.headers["ratelimit"], '^"default";r=0;')
            # Nobody can change who they are by a header.
            self.assertEqual(self.ask(server, 1, headers={"X-Forwarded-For": "9.9.9.9"}), [429])
            self.assertEqual(server.get("/health").status, 200)
            self.assertEqual(server.metrics()['http_requests_refused_total{reason="rate"}'], 2)

    def test_the_default(self):
        with Server(RATE_LIMIT="") as server:
            self.assertEqual(server.classify().headers["ratelimit-policy"], '"default";q=10;w=60')

    def test_a_batch_counts_its_emails(self):
        with Server(RATE_LIMIT="10/hour") as server:
            def batch(size):
                return server.request("POST", "/classify-batch", [GOOD] * size)
            self.assertEqual(batch(7).status, 200)
            self.assertEqual(batch(4).status, 429)
            never = batch(11)
            self.assertEqual(never.status, 429)

    def test_behind_a_proxy(self):
        with Server(RATE_LIMIT="2/hour", TRUSTED_PROXIES="127.0.0.0/8,10.0.0.0/8") as server:
            def ask(forwarded):
                return server.classify(headers={"X-Forwarded-For": forwarded}).status
            self.assertEqual([ask("1.2.3.4") for _ in range(3)], [200, 200, 429])
            self.assertEqual(ask("5.6.7.8, 1.2.3.4, 10.1.1.1"), 429)
            self.assertEqual(ask("1.2.3.4, 5.6.7.8"), 200)
            self.assertEqual([ask(f"2001:db8::{i:x}") for i in range(3)], [200, 200, 429])

    def test_by_subject(self):
        with Server(RATE_LIMIT="2/hour", JWT_SECRET=SECRET) as server:
            def ask(subject):
                return server.classify(headers={"Authorization": token(sub=subject)}).status
            self.assertEqual([ask("a"), ask("a"), ask("a"), ask("b")], [200, 200, 429, 200])
            # Without a good token no limit is used up.
            self.assertEqual(self.ask(server, 3), [401] * 3)


class Origins(unittest.TestCase):
    def test_allowed(self):
        with Server(ALLOWED_ORIGINS="https://a.example, http://localhost:5173") as server:
            good = server.classify(headers={"Origin": "https://a.example"})
            self.assertEqual(good.headers["access-control-allow-origin"], "https://a.example")
            self.assertEqual(good.headers["vary"], "Origin")
            self.assertIn("X-Request-Id", good.headers["access-control-expose-headers"])
            asked = server.request("OPTIONS", "/classify", headers={
                "Origin": "http://localhost:5173", "Access-Control-Request-Method": "POST"})
            self.assertEqual(asked.status, 204)
            self.assertEqual(asked.headers["access-control-allow-methods"], "POST")
            self.assertIn("Authorization", asked.headers["access-control-allow-headers"])
            for origin in ("https://b.example", "https://a.example.evil", "null", None,
                           "http://a.example"):
                answer = server.classify(headers={"Origin": origin})
                self.assertNotIn("access-control-allow-origin", answer.headers)
                self.assertNotIn("access-control-allow-credentials", answer.headers)

    def test_none_by_default(self):
        with Server() as server:
            answer = server.classify(headers={"Origin": "https://a.example"})
            self.assertNotIn("access-control-allow-origin", answer.headers)


class Settings(unittest.TestCase):
    def test_wrong_ones(self):
        for name, value in (("PORT", "65536"), ("PORT", "x"), ("PORT", "-1"), ("WORKERS", "0"),
                            ("WORKERS", "257"), ("MAX_QUEUE", "0"), ("RATE_LIMIT", "10/day"),
                            ("RATE_LIMIT", "ten"), ("TRUSTED_PROXIES", "10.0.0.0/33"),
                            ("ALLOWED_ORIGINS", "a.example"), ("LOG_LEVEL", "loud"),
                            ("BREAKER_FAILURE_THRESHOLD", "0"), ("POLICY", "lax")):
            with self.subTest(name=name, value=value):
                refuses_to_start(self, f"{name} {value}: (expected|has an entry)",
                                 **{name: value})
        refuses_to_start(self, "HOST localhost: expected an IP address", code=1, HOST="localhost")
        refuses_to_start(self, "nowhere: web page", code=1, WEB_ROOT="/nowhere")
        refuses_to_start(self, "--port x: expected", "--port", "x")
        refuses_to_start(self, "unrecognized option", "--colour", "x")
        refuses_to_start(self, "no argument .mail.txt. is taken", "mail.txt")

    def test_an_option_wins(self):
        with Server("--rate-limit", "5/minute", RATE_LIMIT="off") as server:
            self.assertEqual(server.classify().headers["ratelimit-policy"], '"default";q=5;w=60')

    def test_help_names_every_setting(self):
        text = harness.command_line("serve", "--help").decode()
        for name in ("PORT", "HOST", "MODEL_PATH", "WEB_ROOT", "WORKERS", "MAX_QUEUE", "CACHE_SIZE",
                     "RATE_LIMIT", "TRUSTED_PROXIES", "JWT_SECRET", "JWT_SECRET_FILE", "JWT_ISSUER",
                     "JWT_AUDIENCE", "ALLOWED_ORIGINS", "LOG_LEVEL", "BREAKER_FAILURE_THRESHOLD",
                     "BREAKER_RECOVERY_SECONDS"):
            self.assertRegex(text, rf"(?m)^  {name}\b")

    def test_port_in_use(self):
        with Server() as server:
            refuses_to_start(self, "Address already in use", code=1, PORT=server.port)

    def test_probe(self):
        def probe(*arguments):
            return subprocess.run([*harness.PROGRAM, "probe", *arguments], check=False,
                                  stderr=subprocess.PIPE, timeout=harness.PATIENCE).returncode
        with Server(model="/nowhere") as server:
            place = f"127.0.0.1:{server.port}"
            self.assertEqual([probe(place), probe(place, "/live"), probe(place, "/ready"),
                              probe(place, "/nothing"), probe("nonsense")], [0, 0, 1, 1, 2])
        self.assertEqual(probe(place), 1)


if __name__ == "__main__":
    harness.main()
