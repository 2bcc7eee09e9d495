# SPDX-License-Identifier: Apache-2.0
"""Clients that send or read slowly, a byte now and then: each is closed by an absolute deadline,
and the server answers others meanwhile. Deadlines are one second here."""

import json
import pathlib
import tempfile
import time
import unittest

import harness
from harness import GOOD, Server, to_bytes

SLACK = 5  # seconds after the deadline, on a busy machine


class Deadlines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page = cls.enterClassContext(tempfile.TemporaryDirectory())
        with open(pathlib.Path(cls.page, "large.bin"), "wb") as large:
            large.truncate(64 << 20)
        cls.server = cls.enterClassContext(Server(
            HEADER_TIMEOUT_SECONDS=1, BODY_TIMEOUT_SECONDS=1, ANSWER_TIMEOUT_SECONDS=1,
            IDLE_TIMEOUT_SECONDS=2, ANSWER_MIN_KB_PER_SECOND=1000000, WEB_ROOT=cls.page))

    def drip(self, connection, data):
        """Sends a byte every 50 ms until the server has closed; how long that took."""
        start = time.monotonic()
        connection.socket.settimeout(0.05)
        for byte in data:
            try:
                connection.send(bytes([byte]))
                if not connection.socket.recv(1):
                    return time.monotonic() - start
            except TimeoutError:
                pass
            except OSError:
                return time.monotonic() - start
        self.fail("never closed")

    def check_time(self, seconds, deadline):
        self.assertGreater(seconds, deadline - 0.1)
        self.assertLess(seconds, deadline + SLACK)

    def test_slow_headers(self):
        with self.server.connect() as connection:
            self.check_time(self.drip(connection, b"GET /live HTTP/1.1\r\nX: " + b"a" * 1000), 1)

    def test_silence(self):
        start = time.monotonic()
        with self.server.connect() as connection:
            self.assertEqual(connection.ends(), b"")
        self.check_time(time.monotonic() - start, 1)

    def test_slow_body(self):
        head = to_bytes("POST", "/classify", b"", {"Content-Length": 5000})
        with self.server.connect() as connection:
            connection.send(head)
            self.check_time(self.drip(connection, b" " * 5000), 1)

    def test_slow_chunked_body(self):
        head = to_bytes("POST", "/classify", b"", {"Transfer-Encoding": "chunked"})
        with self.server.connect() as connection:
            connection.send(head)
            self.check_time(self.drip(connection, b"1\r\n \r\n" * 1000), 1)

    def test_slow_headers_of_a_second_request(self):
        with self.server.connect() as connection:
            connection.send(to_bytes("GET", "/live"))
            self.assertEqual(connection.read().status, 200)
            self.check_time(self.drip(connection, b"GET /live HTTP/1.1\r\nX: " + b"a" * 1000), 1)

    def test_idle(self):
        with self.server.connect() as connection:
            connection.send(to_bytes("GET", "/live"))
            self.assertEqual(connection.read().status, 200)
            start = time.monotonic()
            self.assertEqual(connection.ends(), b"")
            self.check_time(time.monotonic() - start, 2)

    def test_slow_reader(self):
        with self.server.connect(receive_buffer=4096) as connection:
            connection.send(to_bytes("GET", "/large.bin"))
            start = time.monotonic()
            before = self.server.metrics()["http_connections_timed_out_total"]
            harness.wait_for(
                lambda: self.server.metrics()["http_connections_timed_out_total"] > before,
                "the end of a slow reader")
            self.check_time(time.monotonic() - start, 1)

    def test_a_steady_request_is_not_cut_off(self):
        """A request that takes long in all, but each part of it is in time."""
        with self.server.connect() as connection:
            for _ in range(3):
                time.sleep(0.6)  # of the two seconds between requests
                connection.send(to_bytes("POST", "/classify", GOOD))
                self.assertEqual(connection.read().status, 200)

    def test_many_slow_clients_do_not_stop_the_others(self):
        connections = [self.server.connect() for _ in range(300)]
        body = json.dumps(GOOD).encode()
        for index, connection in enumerate(connections):
            request = to_bytes("POST", "/classify", body)
            connection.send(request[: 20 if index % 2 else len(request) - 5])
        self.assertEqual(self.server.classify().status, 200)
        self.assertEqual(self.server.get("/health").json()["status"], "healthy")
        for connection in connections:
            self.assertEqual(connection.ends(), b"")
            connection.socket.close()
        harness.wait_for(lambda: self.server.metrics()["http_connections"] < 20,
                         "the closing of 300 connections")


if __name__ == "__main__":
    harness.main()
