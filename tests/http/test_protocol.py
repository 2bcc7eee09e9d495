# SPDX-License-Identifier: Apache-2.0
"""Malformed requests, and those that two servers could cut differently (RFC 9112 section 6): each
is refused, the connection ends, and nothing that follows on it is answered."""

import json
import unittest

import harness
from harness import GOOD, Server

BODY = json.dumps(GOOD).encode()
NEXT = b"GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n"


def post(*headers, body=BODY, line=b"POST /classify HTTP/1.1", host=b"Host: test"):
    lines = [line, host, b"Content-Type: application/json", *headers]
    return b"\r\n".join(line for line in lines if line is not None) + b"\r\n\r\n" + body


LENGTH = b"Content-Length: %d" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked"
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)

# Lengths that conflict or are none.
LENGTHS = {
    "two different": post(LENGTH, b"Content-Length: 5"),
    "two the same": post(LENGTH, LENGTH),
    "a list": post(b"Content-Length: %d, %d" % (len(BODY), len(BODY))),
    "plus": post(b"Content-Length: +%d" % len(BODY)),
    "minus": post(b"Content-Length: -1"),
    "hexadecimal": post(b"Content-Length: 0x%x" % len(BODY)),
    "letters": post(b"Content-Length: abc"),
    "empty": post(b"Content-Length: "),
    "letters after digits": post(LENGTH + b"a"),
    "blank within": post(b"Content-Length: 1 0"),
    "too large": post(b"Content-Length: 99999999999999999999999"),
    "underscore": post(b"Content-Length: 1_0"),
    "fraction": post(b"Content-Length: %d.0" % len(BODY)),
}

# Transfer codings that are none, or come with a length.
CODINGS = {
    "with a length": post(LENGTH, CHUNKED, body=CHUNKS),
    "length after it": post(CHUNKED, LENGTH, body=CHUNKS),
    "unknown": post(b"Transfer-Encoding: cow", body=CHUNKS),
    "gzip": post(b"Transfer-Encoding: gzip, chunked", body=CHUNKS),
    "chunked first": post(b"Transfer-Encoding: chunked, identity", body=CHUNKS),
    "chunked twice": post(b"Transfer-Encoding: chunked, chunked", body=CHUNKS),
    "identity": post(LENGTH, b"Transfer-Encoding: identity"),
    "two headers": post(CHUNKED, CHUNKED, body=CHUNKS),
    "cow after": post(CHUNKED, b"Transfer-Encoding: cow", body=CHUNKS),
    "quoted": post(b'Transfer-Encoding: "chunked"', body=CHUNKS),
    "vertical tab": post(b"Transfer-Encoding: \x0bchunked", body=CHUNKS),
    "bare carriage return": post(b"Transfer-Encoding: chunked\r, identity", body=CHUNKS),
    "blank before colon": post(b"Transfer-Encoding : chunked", body=CHUNKS),
    "in HTTP/1.0": post(CHUNKED, body=CHUNKS, line=b"POST /classify HTTP/1.0"),
    "line folded": post(b"Transfer-Encoding:\r\n chunked", body=CHUNKS),
    "hidden by a line end": post(b"X-A: b\nTransfer-Encoding: chunked", body=CHUNKS),
}

# Chunks that are none.
BROKEN_CHUNKS = {
    "0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "plus": b"+5\r\nhello\r\n0\r\n\r\n",
    "minus": b"-5\r\nhello\r\n0\r\n\r\n",
    "no digits": b";a=b\r\nhello\r\n0\r\n\r\n",
    "letters": b"xyz\r\nhello\r\n0\r\n\r\n",
    "blank before": b" 5\r\nhello\r\n0\r\n\r\n",
    "blank after": b"5 \r\nhello\r\n0\r\n\r\n",
    "overflow": b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "wraps to 5": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "bare line feed": b"5\nhello\r\n0\r\n\r\n",
    "bare line feed after data": b"5\r\nhello\n0\r\n\r\n",
    "bare carriage return": b"5\rhello\r\n0\r\n\r\n",
    "data longer": b"5\r\nhello!\r\n0\r\n\r\n",
    "no line end after data": b"5\r\nhello0\r\n\r\n",
    "line feed in extension": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
}

LINES = {
    "no version": b"GET /live\r\nHost: test\r\n\r\n",
    "version 0.9": b"GET /live HTTP/0.9\r\nHost: test\r\n\r\n",
    "version 1.2": b"GET /live HTTP/1.2\r\nHost: test\r\n\r\n",
    "version 2.0": b"GET /live HTTP/2.0\r\nHost: test\r\n\r\n",
    "version 1.10": b"GET /live HTTP/1.10\r\nHost: test\r\n\r\n",
    "version in small letters": b"GET /live http/1.1\r\nHost: test\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "two blanks": b"GET  /live HTTP/1.1\r\nHost: test\r\n\r\n",
    "tab": b"GET\t/live\tHTTP/1.1\r\nHost: test\r\n\r\n",
    "blank in path": b"GET /li ve HTTP/1.1\r\nHost: test\r\n\r\n",
    "blank at the end": b"GET /live HTTP/1.1 \r\nHost: test\r\n\r\n",
    "bare line feeds": b"GET /live HTTP/1.1\nHost: test\n\n",
    "bare carriage return": b"GET /live HTTP/1.1\rHost: test\r\n\r\n",
    "NUL in path": b"GET /li\0ve HTTP/1.1\r\nHost: test\r\n\r\n",
    "NUL in method": b"GE\0T /live HTTP/1.1\r\nHost: test\r\n\r\n",
    "method of symbols": b"G@T /live HTTP/1.1\r\nHost: test\r\n\r\n",
    "no method": b" /live HTTP/1.1\r\nHost: test\r\n\r\n",
    "long method": b"A" * 5000 + b" /live HTTP/1.1\r\nHost: test\r\n\r\n",
    "long path": b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: test\r\n\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)) + b"\r\n\r\n",
}

HEADERS = {
    "no Host": b"GET /live HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "two equal Hosts": b"GET /live HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "no colon": b"GET /live HTTP/1.1\r\nHost: test\r\nnothing\r\n\r\n",
    "no name": b"GET /live HTTP/1.1\r\nHost: test\r\n: value\r\n\r\n",
    "blank before colon": b"GET /live HTTP/1.1\r\nHost : test\r\n\r\n",
    "blank first": b"GET /live HTTP/1.1\r\n Host: test\r\n\r\n",
    "folded": b"GET /live HTTP/1.1\r\nHost: test\r\nX-A: b\r\n c\r\n\r\n",
    "NUL in value": b"GET /live HTTP/1.1\r\nHost: test\r\nX-A: b\0c\r\n\r\n",
    "NUL in name": b"GET /live HTTP/1.1\r\nHost: test\r\nX\0A: b\r\n\r\n",
    "bare carriage return in value": b"GET /live HTTP/1.1\r\nHost: test\r\nX-A: b\rc\r\n\r\n",
    "bare line feed in value": b"GET /live HTTP/1.1\r\nHost: test\r\nX-A: b\nX-B: c\r\n\r\n",
    "bracket in name": b"GET /live HTTP/1.1\r\nHost: test\r\nX(A): b\r\n\r\n",
}


class Protocol(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(HEADER_TIMEOUT_SECONDS=1, BODY_TIMEOUT_SECONDS=1))

    def refused(self, request):
        """At most one answer, a refusal, then the end."""
        with self.server.connect() as connection:
            try:
                connection.send(request + NEXT)
            except OSError:
                pass  # closed while we still sent
            answer = connection.read()
            if answer is not None:
                self.assertIn(answer.status // 100, (4, 5))
                self.assertNotEqual(answer.status, 404, "the smuggled request was answered")
            rest = connection.ends()
            self.assertNotIn(b"HTTP/", rest)

    def all_refused(self, requests):
        for name, request in requests.items():
            with self.subTest(name):
                self.refused(request)
        self.assertEqual(self.server.get("/live").status, 200)

    def test_the_good_ones_are_answered(self):
        for request in (post(LENGTH), post(CHUNKED, body=CHUNKS),
                        post(b"transfer-encoding: Chunked", body=CHUNKS)):
            with self.server.connect() as connection:
                connection.send(request + NEXT)
                self.assertEqual(connection.read().status, 200)
                self.assertEqual(connection.read().status, 404)

    def test_lengths(self):
        self.all_refused(LENGTHS)

    def test_codings(self):
        self.all_refused(CODINGS)

    def test_chunks(self):
        self.all_refused({name: post(CHUNKED, body=body) for name, body in BROKEN_CHUNKS.items()})

    def test_request_lines(self):
        self.all_refused(LINES)

    def test_headers(self):
        self.all_refused(HEADERS)

    def test_trailers_change_nothing(self):
        body = CHUNKS[:-2] + b"Authorization: Bearer x\r\nHost: other\r\n\r\n"
        with self.server.connect() as connection:
            connection.send(post(CHUNKED, body=body) + NEXT)
            answer = connection.read()
            self.assertIn(answer.status, (200, 400))

    def test_cut_off_anywhere(self):
        request = post(CHUNKED, body=CHUNKS)
        for size in range(0, len(request) - 1, 7):
            with self.server.connect() as connection:
                connection.send(request[:size])
        self.assertEqual(self.server.get("/live").status, 200)


if __name__ == "__main__":
    harness.main()
