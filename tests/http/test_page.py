# SPDX-License-Identifier: Apache-2.0
"""Files of the web page: types, compression, caching, and nothing from outside the folder."""

import gzip
import os
import pathlib
import tempfile
import unittest

import harness
from harness import Server

PAGE = b"<!doctype html><title>page</title>"
SCRIPT = b"export const answer = 42;\n" * 100


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        root = cls.folder / "web"
        (root / "sub/deeper").mkdir(parents=True)
        for name, data in (("index.html", PAGE), ("app.js", SCRIPT), ("style.css", b"a{}"),
                           ("engine.wasm", b"\0asm"), ("icon.svg", b"<svg/>"), ("data.bin", b"x"),
                           ("site.webmanifest", b"{}"), ("sub/deeper/a b.json", b"{}"),
                           (".hidden", b"secret"), ("empty.txt", b""), ("health", b"not this"),
                           ("../outside.txt", b"secret")):
            (root / name).write_bytes(data)
        (root / "app.js.gz").write_bytes(gzip.compress(SCRIPT))
        os.mkfifo(root / "pipe")
        cls.root = root
        cls.server = cls.enterClassContext(Server(WEB_ROOT=root))

    def test_types(self):
        for path, kind in (("/", "text/html; charset=utf-8"),
                           ("/index.html", "text/html; charset=utf-8"),
                           ("/app.js", "text/javascript; charset=utf-8"),
                           ("/style.css", "text/css; charset=utf-8"),
                           ("/engine.wasm", "application/wasm"), ("/icon.svg", "image/svg+xml"),
                           ("/site.webmanifest", "application/manifest+json"),
                           ("/data.bin", "application/octet-stream"),
                           ("/sub/deeper/a%20b.json", "application/json"),
                           ("/empty.txt", "text/plain; charset=utf-8")):
            answer = self.server.get(path)
            self.assertEqual((answer.status, answer.headers["content-type"]), (200, kind), path)
        self.assertEqual(self.server.get("/").body, PAGE)
        self.assertEqual(self.server.get("/health").json()["status"], "healthy")

    def test_what_a_page_may_do(self):
        policy = self.server.get("/").headers["content-security-policy"]
        for rule in ("default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'",
                     "connect-src 'self'", "worker-src 'self'", "style-src 'self'",
                     "font-src 'self'", "img-src 'self' data:", "manifest-src 'self'", "frame-ancestors 'none'",
                     "base-uri 'none'", "form-action 'none'"):
            self.assertIn(rule, policy.split("; "))
        self.assertEqual(self.server.get("/app.js").headers["content-security-policy"], policy)

    def test_compression(self):
        for accepted, zipped in (("gzip", True), ("deflate, gzip;q=0.5", True), ("br,gzip", True),
                                 ("identity", False), ("gzip;q=0", False), ("gzip; q=0.00", False),
                                 ("gzip;q=0.01", True), ("xgzip", False), ("gzipx", False),
                                 (None, False)):
            answer = self.server.get("/app.js", {"Accept-Encoding": accepted})
            with self.subTest(accepted=accepted):
                self.assertEqual(answer.headers.get("content-encoding"), "gzip" if zipped else None)
                body = gzip.decompress(answer.body) if zipped else answer.body
                self.assertEqual(body, SCRIPT)
                self.assertEqual(answer.headers["vary"], "Accept-Encoding")
        plain = self.server.get("/style.css", {"Accept-Encoding": "gzip"})
        self.assertNotIn("content-encoding", plain.headers)

    def test_caching(self):
        whole = self.server.get("/app.js")
        tag = whole.headers["etag"]
        self.assertEqual(whole.headers["cache-control"], "no-cache")
        for known in (tag, f'"other", {tag}', "*", f"W/{tag}"):
            answer = self.server.get("/app.js", {"If-None-Match": known})
            self.assertEqual((answer.status, answer.body), (304, b""), known)
            self.assertEqual(answer.headers["etag"], tag)
        for known in ('"other"', tag[:-1], tag.strip('"')):
            self.assertEqual(self.server.get("/app.js", {"If-None-Match": known}).status, 200)
        zipped = self.server.get("/app.js", {"Accept-Encoding": "gzip"})
        self.assertNotEqual(zipped.headers["etag"], tag)

    def test_head(self):
        answer = self.server.request("HEAD", "/app.js")
        self.assertEqual(answer.headers["content-length"], str(len(SCRIPT)))

    def test_nothing_from_outside(self):
        for path in ("/../outside.txt", "/sub/../../outside.txt", "/%2e%2e/outside.txt",
                     "/..%2foutside.txt", "/sub/%2e%2e/%2e%2e/outside.txt", "/..\\outside.txt",
                     "//outside.txt", "/./app.js", "/sub/", "/sub", "/sub/deeper", "/.hidden",
                     "/pipe", "/app.js.gz", "/app.js/", "/app.js%00.html", "/etc/passwd"):
            with self.subTest(path=path):
                answer = self.server.get(path)
                self.assertIn(answer.status, (400, 404))
                self.assertNotIn(b"secret", answer.body)

    def test_a_changed_file_is_not_sent_cut_off(self):
        path = self.root / "changing.txt"
        path.write_bytes(b"a" * 1000)
        with Server(WEB_ROOT=self.root) as server:
            self.assertEqual(len(server.get("/changing.txt").body), 1000)
            path.write_bytes(b"a" * 10)
            self.assertEqual(server.get("/changing.txt").status, 404)
            path.unlink()
            self.assertEqual(server.get("/changing.txt").status, 404)

    def test_many_at_once(self):
        large = os.urandom(3 << 20)
        (self.root / "large.bin").write_bytes(large)
        with Server(WEB_ROOT=self.root) as server:
            def fetch(_):
                assert server.get("/large.bin").body == large
            harness.together(20, fetch)
            harness.wait_for(lambda: server.metrics()["http_connections"] <= 1, "the end of all")
            before = server.metrics()["process_open_fds"]
            harness.together(5, fetch)
            harness.wait_for(lambda: server.metrics()["process_open_fds"] <= before,
                             "the closing of files")


if __name__ == "__main__":
    harness.main()
