# SPDX-License-Identifier: Apache-2.0
"""The real nginx with our configuration, in front of the real server."""

import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import tempfile
import unittest
import warnings

from support import DEPLOY, harness, run

GOOD = json.dumps(harness.GOOD).encode()
JSON = {"Content-Type": "application/json"}
SECURITY = {
    "strict-transport-security": "max-age=31536000", "x-content-type-options": "nosniff",
    "x-frame-options": "DENY", "referrer-policy": "no-referrer"}


def free_port():
    """A port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def configuration(folder, ports, upstream):
    """nginx.conf with the places and ports of a test; all else is as shipped."""
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    changes = {
        r"listen 80 ": f"listen 127.0.0.1:{ports['http']} ",
        r"listen 443 ": f"listen 127.0.0.1:{ports['https']} ",
        r" *listen \[::\]:.*\n": "",
        r"server classifier:8080": f"server 127.0.0.1:{upstream}",
        r"/etc/nginx/mime.types": f"{folder}/mime.types",
        r"/etc/nginx/tls": f"{folder}",
        r"/var/log/nginx": f"{folder}",
        r"/run/nginx.pid": f"{folder}/nginx.pid",
        r"sendfile on;": "sendfile on; " + " ".join(
            f"{kind}_temp_path {folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")),
    }
    for pattern, replacement in changes.items():
        text, count = re.subn(pattern, replacement, text)
        assert count > 0, f"nginx.conf has no {pattern}"
    return text


class Nginx:
    """A running nginx."""

    def __init__(self, upstream):
        self.folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.folder.name)
        self.ports = {"http": free_port(), "https": free_port()}
        self.log = path / "access.log"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-keyout", path / "tls.key", "-out", path / "tls.crt", "-days", "1",
            "-subj", "/CN=classifier.example.com")
        (path / "mime.types").write_text("types { text/html html; }\n", encoding="ascii")
        (path / "nginx.conf").write_text(
            configuration(path, self.ports, upstream), encoding="utf-8")
        # Root would give its workers another user, who may not enter the folder.
        user = " user root;" if os.getuid() == 0 else ""
        self.command = ["nginx", "-p", str(path), "-c", str(path / "nginx.conf"), "-e",
                        str(path / "error.log"), "-g", f"daemon off;{user}"]
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL)
        harness.wait_for(self.listens, "nginx to listen")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(harness.PATIENCE)
        self.folder.cleanup()

    def listens(self):
        """Whether it takes connections."""
        assert self.process.poll() is None, "nginx has ended"
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.ports["https"])) == 0

    def connect(self, source="127.0.0.1", lowest=None, highest=None):
        """A TLS connection from this address."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("DEFAULT@SECLEVEL=0")  # so that it is nginx who refuses old versions
        context.minimum_version = lowest or ssl.TLSVersion.TLSv1_2
        context.maximum_version = highest or ssl.TLSVersion.TLSv1_3
        plain = socket.create_connection(("127.0.0.1", self.ports["https"]), harness.PATIENCE,
                                         (source, 0))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(plain)

    def request(self, method, path, body=None, headers=None, source="127.0.0.1"):
        """Status, headers as a list of pairs, and body of one answer."""
        connection = http.client.HTTPSConnection("127.0.0.1")
        connection.sock = self.connect(source)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        result = (answer.status, [(name.lower(), value) for name, value in answer.getheaders()],
                  answer.read())
        connection.close()
        return result

    def raw(self, data):
        """Everything that comes back until nginx closes the connection."""
        with self.connect("127.0.0.9") as connection:
            connection.sendall(data)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
            return received


def smuggling():
    """Requests with a second one, GET /live, hidden where another parser might begin to read."""
    hidden = b"GET /live HTTP/1.1\r\nHost: a\r\nX-Ignore: "
    size = str(len(hidden)).encode()
    head = b"POST /classify HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" \
        b"Content-Type: application/json\r\n"
    chunked = b"0\r\n\r\n" + hidden
    length = str(len(chunked)).encode()
    return {
        "length and chunked": head + b"Content-Length: " + length +
        b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
        "chunked and length": head + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" +
        b"1\r\nA\r\n" + chunked,
        "two lengths": head + b"Content-Length: 0\r\nContent-Length: " + size +
        b"\r\n\r\n" + hidden,
        "list of lengths": head + b"Content-Length: 0, " + size + b"\r\n\r\n" + hidden,
        "signed length": head + b"Content-Length: +0\r\n\r\n" + hidden,
        "space before the colon": head + b"Content-Length : " + size + b"\r\n\r\n" + hidden,
        "hidden coding": head + b"Content-Length: " + length +
        b"\r\nTransfer-Encoding : chunked\r\n\r\n" + chunked,
        "unknown coding": head + b"Transfer-Encoding: xchunked\r\n\r\n" + chunked,
        "coding twice": head + b"Transfer-Encoding: chunked\r\n" +
        b"Transfer-Encoding: identity\r\n\r\n" + chunked,
        "folded coding": head + b"Transfer-Encoding:\r\n chunked\r\nContent-Length: " + length +
        b"\r\n\r\n" + chunked,
        "bare line feed": head + b"X: y\nTransfer-Encoding: chunked\nContent-Length: " + length +
        b"\r\n\r\n" + chunked,
        "large chunk size": head + b"Transfer-Encoding: chunked\r\n\r\n" +
        b"10000000000000000\r\n\r\n" + chunked,
        "chunk extension": head + b"Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\nA\r\n" + chunked,
        "body on GET": b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
        size + b"\r\n\r\n" + hidden,
    }


class Proxy(unittest.TestCase):
    """nginx, a server without a limit of its own, and clients at different addresses."""

    @classmethod
    def setUpClass(cls):
        cls.page = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.page.cleanup)
        pathlib.Path(cls.page.name, "index.html").write_text("<!doctype html>", encoding="ascii")
        cls.large = os.urandom(3 << 20)
        pathlib.Path(cls.page.name, "large.bin").write_bytes(cls.large)
        cls.server = cls.enterClassContext(
            harness.Server(TRUSTED_PROXIES="127.0.0.1", WEB_ROOT=cls.page.name))
        cls.nginx = cls.enterClassContext(Nginx(cls.server.port))

    def check_headers(self, headers, expected=None):
        """Each expected header is there once."""
        for name, value in (expected or SECURITY).items():
            self.assertEqual([v for n, v in headers if n == name], [value], name)

    def test_configuration(self):
        done = subprocess.run([*self.nginx.command, "-t"], capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(b"[warn]", done.stderr)

    def test_tls_versions(self):
        old = ssl.TLSVersion.TLSv1_1
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.nginx.connect(lowest=version, highest=version) as connection:
                self.assertEqual(connection.version(), version.name.replace("_", "."))
        with self.assertRaisesRegex(ssl.SSLError, "alert protocol version"), \
                warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # they are, but not for attackers
            self.nginx.connect(lowest=old, highest=old)

    def test_http2(self):
        url = f"https://127.0.0.1:{self.nginx.ports['https']}/classify"
        answer = run("curl", "-sk", "--http2", url, "-H", "Content-Type: application/json",
                     "--data-binary", GOOD.decode(), "-w", "\n%{http_version} %{http_code}")
        body, last = answer.rsplit("\n", 1)
        self.assertEqual(last, "2 200")
        self.assertEqual(json.loads(body)["label"], self.server.classify().json()["label"])

    def test_redirect(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.nginx.ports["http"])
        connection.request("POST", "/classify?a=1", GOOD, {"Host": "classifier.example.com"})
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.getheader("Location")),
                         (308, "https://classifier.example.com/classify?a=1"))
        connection.close()

    def test_api_prefix(self):
        for path in ("/health", "/ready", "/openapi.json", "/docs", "/nothing"):
            direct, prefixed = (self.nginx.request("GET", prefix + path) for prefix in ("", "/api"))
            self.assertEqual(direct[0], prefixed[0], path)
        for path, body in (("/classify", GOOD), ("/classify-batch", b"[" + GOOD + b"]")):
            status, _, answer = self.nginx.request("POST", "/api" + path, body, JSON)
            self.assertEqual(status, 200)
            self.assertIn(b'"label":', answer)

    def test_security_headers(self):
        for method, path, status in (("GET", "/", 200), ("GET", "/health", 200),
                                     ("GET", "/no/such", 404), ("POST", "/classify", 415)):
            got = self.nginx.request(method, path)
            self.assertEqual(got[0], status, path)
            self.check_headers(got[1])
            self.assertEqual([v for n, v in got[1] if n == "server"], ["nginx"])

    def test_metrics_are_hidden(self):
        for path in ("/metrics", "/api/metrics", "//metrics", "/%6Detrics"):
            status, headers, body = self.nginx.request("GET", path)
            self.assertEqual(status, 404, path)
            self.check_headers(headers, {"content-type": "application/problem+json"})
            self.assertNotIn(b"process_", body)

    def flood(self, method, path, body, count, source):
        """Many requests on one connection, as fast as they are answered; the answers."""
        connection = http.client.HTTPSConnection("127.0.0.1")
        connection.sock = self.nginx.connect(source)
        answers = []
        for _ in range(count):
            connection.request(method, path, body, JSON)
            answer = connection.getresponse()
            answers.append((answer.status, answer.getheaders(), answer.read()))
        connection.close()
        return answers

    def check_limit(self, answers, burst):
        """At least the burst went through, and then came refusals that say when to come back."""
        self.assertTrue(all(status == 200 for status, _, _ in answers[:burst + 1]))
        refused = [answer for answer in answers if answer[0] != 200]
        self.assertTrue(refused)
        for status, headers, body in refused:
            headers = [(name.lower(), value) for name, value in headers]
            self.assertEqual(status, 429)
            self.check_headers(headers, {"retry-after": "1", "strict-transport-security":
                                         "max-age=31536000",
                                         "content-type": "application/problem+json"})
            self.assertEqual(json.loads(body)["status"], 429)

    def test_rate_limits(self):
        self.check_limit(self.flood("POST", "/classify", GOOD, 150, "127.0.0.20"), 20)
        self.check_limit(self.flood("GET", "/live", None, 400, "127.0.0.21"), 60)
        # The prefix is no way around it, and others are not kept out.
        answers = self.flood("POST", "/api/classify", GOOD, 150, "127.0.0.22")
        self.check_limit(answers, 20)
        self.assertEqual(self.flood("POST", "/classify", GOOD, 1, "127.0.0.23")[0][0], 200)
        self.assertEqual(self.flood("GET", "/live", None, 1, "127.0.0.22")[0][0], 200)

    def test_smuggling(self):
        live = 'http_requests_total{method="GET",route="/live",status="200"}'
        for name, attack in smuggling().items():
            with self.subTest(name):
                before = self.server.metrics().get(live, 0)
                answers = self.nginx.raw(attack)
                self.assertLessEqual(answers.count(b"HTTP/1.1 "), 1, answers)
                # Whoever comes next on the same connections to the server gets an own answer.
                for index in range(4):
                    identity = f"after-{index}"
                    status, headers, body = self.nginx.request(
                        "POST", "/classify", GOOD, JSON | {"X-Request-Id": identity},
                        source=f"127.0.0.{40 + index}")
                    self.assertEqual(status, 200)
                    self.check_headers(headers, {"x-request-id": identity})
                    self.assertIn(b'"label":"CarBreakdown"', body)
                self.assertEqual(self.server.metrics().get(live, 0), before)

    def test_size_limit(self):
        body = b" " * (2 << 20)
        self.assertEqual(self.nginx.request("POST", "/classify-batch", body, JSON)[0], 400)
        status, headers, answer = self.nginx.request("POST", "/classify-batch", body + b" ", JSON)
        self.assertEqual(status, 413)
        self.check_headers(headers, {"content-type": "application/problem+json"})
        self.assertEqual(json.loads(answer)["status"], 413)

    def test_large_files(self):
        status, _, body = self.nginx.request("GET", "/large.bin")
        self.assertEqual((status, body == self.large), (200, True))

    def test_log(self):
        secret = "violet-walrus"
        mail = json.dumps({"subject": secret, "message": f"The {secret} was stolen from my car."})
        self.nginx.request("POST", f"/classify?x={secret}", mail, JSON | {"X-Request-Id": "log-1"})

        def line():
            lines = [json.loads(text) for text in
                     self.nginx.log.read_text(encoding="utf-8").splitlines()]
            return next((one for one in lines if one["request_id"] == "log-1"), None)
        found = harness.wait_for(line, "the request in the log")
        self.assertEqual((found["path"], found["status"], found["tls"]),
                         ("/classify", 200, "TLSv1.3"))
        self.assertNotIn(secret, self.nginx.log.read_text(encoding="utf-8"))


class Clients(unittest.TestCase):
    """Whose address counts, and what nginx says when the server is gone."""

    def test_addresses_cannot_be_forged(self):
        with harness.Server(TRUSTED_PROXIES="127.0.0.1", RATE_LIMIT="3/hour") as server, \
                Nginx(server.port) as nginx:
            def status(source, claimed):
                return nginx.request("POST", "/classify", GOOD, JSON | {
                    "X-Forwarded-For": claimed}, source)[0]
            same = [status("127.0.0.60", f"203.0.113.{n}") for n in range(5)]
            self.assertEqual(same, [200, 200, 200, 429, 429])
            others = [status(f"127.0.0.{70 + n}", "203.0.113.1") for n in range(5)]
            self.assertEqual(others, [200] * 5)

    def test_server_is_gone(self):
        with Nginx(free_port()) as nginx:
            status, headers, body = nginx.request("POST", "/classify", GOOD, JSON)
            self.assertEqual((status, json.loads(body)["status"]), (503, 503))
            self.assertIn(("retry-after", "5"), headers)
            self.assertIn(("content-type", "application/problem+json"), headers)


if __name__ == "__main__":
    unittest.main()
