# SPDX-License-Identifier: Apache-2.0
"""openapi.json is a good description, and live answers are as it says."""

import json
import re
import unittest

import jsonschema

import harness
from harness import GOOD, STOLEN, Server
from test_security import SECRET, token

BAD = {"subject": "", "message": "short"}


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(RATE_LIMIT="1000/hour"))
        cls.spec = cls.server.get("/openapi.json").json()

    def resolve(self, value):
        while "$ref" in value:
            found = self.spec
            for key in value["$ref"][2:].split("/"):
                found = found[key]
            value = found
        return value

    def check(self, schema, value):
        whole = {"components": self.spec["components"], **schema}
        jsonschema.Draft202012Validator.check_schema(whole)
        jsonschema.validate(value, whole, jsonschema.Draft202012Validator)

    def check_answer(self, path, method, answer):
        """Status, media type, body and headers are among those described."""
        described = self.spec["paths"][path][method]["responses"]
        self.assertIn(str(answer.status), described, answer.body)
        response = self.resolve(described[str(answer.status)])
        media = answer.headers["content-type"].split(";")[0]
        self.assertIn(media, response["content"])
        body = answer.body.decode() if media == "text/plain" else answer.json()
        self.check(response["content"][media]["schema"], body)
        for name, header in response["headers"].items():
            header = self.resolve(header)
            value = answer.headers.get(name.lower())
            if value is None:
                self.assertFalse(header.get("required"), name)
            else:
                self.check(header["schema"], value)

    def test_the_description(self):
        self.assertEqual(self.spec["openapi"], "3.1.0")
        for schema in self.spec["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)
        text = json.dumps(self.spec)
        for target in re.findall(r'"\$ref": "([^"]+)"', text):
            self.resolve({"$ref": target})
        ids = re.findall(r'"operationId": "(\w+)"', text)
        self.assertEqual(len(ids), len(set(ids)))

    def test_it_has_the_limits_of_the_core(self):
        header = (harness.ROOT / "core/include/email_classifier.h").read_text()
        limit = {name: int(value) for name, value in
                 re.findall(r"(EC_MAX_\w+|EC_SUBJECT_MAX|EC_MESSAGE_M\w+) = (\d+)", header)}
        schemas = self.spec["components"]["schemas"]
        email = schemas["Email"]["properties"]
        self.assertEqual(email["subject"]["maxLength"], limit["EC_SUBJECT_MAX"])
        self.assertEqual(email["message"]["minLength"], limit["EC_MESSAGE_MIN"])
        self.assertEqual(email["message"]["maxLength"], limit["EC_MESSAGE_MAX"])
        self.assertEqual(schemas["Emails"]["maxItems"], limit["EC_MAX_BATCH"])
        sentences = schemas["Explanation"]["properties"]["sentences"]
        self.assertEqual(sentences["maxItems"], limit["EC_MAX_SENTENCES"])
        version = re.search(r'EC_VERSION "(.*)"', header).group(1)
        self.assertEqual(self.spec["info"]["version"], version)

    def test_its_examples(self):
        for path, methods in self.spec["paths"].items():
            for method, operation in methods.items():
                parts = [operation["requestBody"]] if "requestBody" in operation else []
                parts += [self.resolve(part) for part in operation["responses"].values()]
                for part in parts:
                    for content in part["content"].values():
                        if "example" in content:
                            self.check(content["schema"], content["example"])
                if "requestBody" in operation:
                    body = operation["requestBody"]["content"]["application/json"]["example"]
                    answer = self.server.request(method.upper(), path, body)
                    self.assertEqual(answer.status, 200)

    def test_every_path_answers_as_described(self):
        for path, methods in self.spec["paths"].items():
            if "get" in methods:
                self.check_answer(path, "get", self.server.get(path))

    def test_classifying(self):
        for body in (GOOD, GOOD, STOLEN, {**STOLEN, "explain": True}, {**STOLEN, "explain": 1}, BAD,
                     {}, {"subject": 1, "message": None}, [], b"{", b"", b" " * (129 << 10)):
            self.check_answer("/classify", "post", self.server.classify(body))
        answer = self.server.classify(headers={"Content-Type": "text/plain"})
        self.check_answer("/classify", "post", answer)

    def test_batches(self):
        for body in ([GOOD, BAD, {}, 7], {"emails": [GOOD] * 64}, [], [GOOD] * 65, {}, 7, b"[",
                     {"emails": 7}):
            answer = self.server.request("POST", "/classify-batch", body)
            self.check_answer("/classify-batch", "post", answer)

    def test_refusals(self):
        with Server(RATE_LIMIT="1/hour", JWT_SECRET=SECRET) as server:
            for header in (None, "Bearer x", token(scope="other"), token(), token()):
                answer = server.classify(headers={"Authorization": header})
                self.check_answer("/classify", "post", answer)
        self.assertEqual(answer.status, 429)

    def test_without_a_model(self):
        with Server(model="/nowhere") as server:
            for path in ("/health", "/ready", "/model-info", "/metrics"):
                self.check_answer(path, "get", server.get(path))
            self.check_answer("/classify", "post", server.classify(STOLEN))
            self.check_answer("/classify", "post", server.classify(GOOD))
            self.check_answer("/classify", "post", server.classify({**GOOD, "explain": True}))

    def test_docs_page(self):
        """Nothing in it comes from elsewhere, and all it names is there."""
        page = self.server.get("/docs")
        self.assertEqual(page.headers["content-type"], "text/html; charset=utf-8")
        self.assertIn("script-src 'self'", page.headers["content-security-policy"])
        names = re.findall(r'(?:href|src)="([^"]+)"', page.body.decode())
        self.assertLessEqual({"docs.css", "docs.js", "openapi.json"}, set(names))
        for name in set(names) - {"data:,"}:
            self.assertEqual(self.server.get(f"/{name}").status, 200)
        for name in ("/docs", "/docs.js", "/docs.css"):
            self.assertNotRegex(self.server.get(name).body.decode(), r"https?:|\bstyle=|<script>")


if __name__ == "__main__":
    harness.main()
