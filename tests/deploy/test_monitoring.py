# SPDX-License-Identifier: Apache-2.0
"""Prometheus, its alerts, the Grafana dashboard and the Logstash pipeline fit a live server."""

import json
import re
import tempfile
import unittest

from support import DEPLOY, ROOT, harness, load_yaml, run

MONITORING = DEPLOY / "monitoring"
# What Prometheus adds to every sample, and a word of its language.
ADDED = {"job", "instance"}
LANGUAGE = {"or"}


def without_texts(expression):
    """The expression without quoted strings, durations and Grafana's variables."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    return re.sub(r"\[[^\]]*\]", "", bare)


def names_in(expression):
    """The names of metrics in an expression."""
    bare = re.sub(r"\{[^}]*\}", "", without_texts(expression))
    bare = re.sub(r"\w+ by \([^)]*\)", "", bare)
    return set(re.findall(r"[a-z_]+(?![a-z_]| ?\()", bare)) - LANGUAGE


def labels_in(expression):
    """The names of labels in an expression."""
    bare = without_texts(expression)
    matched = re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)\"", bare)
    grouped = [name for inner in re.findall(r"\bby \(([^)]*)\)", bare)
               for name in inner.split(",")]
    return {name.strip() for name in (*matched, *grouped)}


class Monitoring(unittest.TestCase):
    """One server is asked for its metrics and read for its log."""

    @classmethod
    def setUpClass(cls):
        with harness.Server(RATE_LIMIT="1000/second") as server:
            server.classify()
            server.classify({"subject": "", "message": ""})
            server.get("/nothing")
            samples = server.metrics()
            cls.log = server.log()
        cls.metrics = {re.sub(r"\{.*", "", sample) for sample in samples}
        cls.labels = {name for sample in samples
                      for name in re.findall(r'([a-z_]+)="', sample)} | ADDED
        cls.rules = load_yaml(MONITORING / "alerts.yml")[0]["groups"][0]["rules"]
        cls.dashboard = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
        cls.queries = [target["expr"] for panel in cls.dashboard["panels"]
                       for target in panel["targets"]]

    def check_names(self, expression):
        """Every metric and label of the expression is known to the server."""
        names = names_in(expression)
        self.assertTrue(names, expression)
        self.assertLessEqual(names - {"up"}, self.metrics, expression)
        self.assertLessEqual(labels_in(expression), self.labels, expression)

    def test_prometheus_configuration(self):
        run("promtool", "check", "config", MONITORING / "prometheus.yml")

    def test_alerts(self):
        run("promtool", "test", "rules", ROOT / "tests/deploy/alerts_test.yml")
        for rule in self.rules:
            self.check_names(rule["expr"])
            self.assertIn(rule["labels"]["severity"], ("critical", "warning"))
            self.assertIn("summary", rule["annotations"])

    def test_dashboard_queries_are_promql(self):
        rules = [{"record": f"panel:{index}", "expr": query.replace("$__rate_interval", "5m")}
                 for index, query in enumerate(self.queries)]
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
            file.flush()
            run("promtool", "check", "rules", file.name)

    def test_dashboard_names(self):
        for query in self.queries:
            self.check_names(query)
        self.assertFalse(names_in("rate(no_such_total[5m])") <= self.metrics)

    def test_dashboard_shows_what_matters(self):
        shown = set().union(*map(names_in, self.queries))
        self.assertLessEqual({
            "email_predictions_total", "prediction_duration_seconds_bucket", "http_requests_total",
            "email_fallbacks_total", "cache_hits_total", "queue_depth"}, shown)

    def test_dashboard_layout(self):
        panels = self.dashboard["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        cells = set()
        for panel in panels:
            box = panel["gridPos"]
            self.assertLessEqual(box["x"] + box["w"], 24)
            taken = {(x, y) for x in range(box["x"], box["x"] + box["w"])
                     for y in range(box["y"], box["y"] + box["h"])}
            self.assertFalse(cells & taken, panel["title"])
            cells |= taken

    def test_grafana_provisioning(self):
        [source] = load_yaml(MONITORING / "grafana-datasource.yml")[0]["datasources"]
        self.assertEqual(source["type"], "prometheus")
        [provider] = load_yaml(MONITORING / "grafana-dashboards.yml")[0]["providers"]
        compose = load_yaml(DEPLOY / "docker-compose.yml")[0]["services"]["grafana"]
        self.assertTrue(any(f":{provider['options']['path']}/" in volume
                            for volume in compose["volumes"]))

    def test_logstash(self):
        text = (MONITORING / "logstash.conf").read_text(encoding="utf-8")
        # What the filter relies on is on every line of a live log.
        fields = set(re.findall(r"\[classifier\]\[(\w+)\]", text))
        self.assertEqual(fields, {"event", "severity", "timestamp"})
        for line in self.log:
            self.assertLessEqual(fields, set(line))
        self.assertEqual(logstash_plugins(text), [
            "input", "file", "json", "filter", "json", "if", "drop", "date", "mutate", "output",
            "elasticsearch"])
        with self.assertRaises(ValueError):
            logstash_plugins(text.rsplit("}", 1)[0])


def logstash_plugins(text):
    """The blocks of a pipeline in order; ValueError when they are not balanced."""
    text = re.sub(r"#.*", "", re.sub(r'"[^"]*"', "", text))
    text = re.sub(r"\bif [^{]*", "if ", text)
    blocks, depth = [], 0
    for name, end in re.findall(r"(\w+)\s*\{|(\})", text):
        depth += -1 if end else 1
        if depth < 0:
            raise ValueError("one } too many")
        if name:
            blocks.append(name)
    if depth != 0:
        raise ValueError("a { is not closed")
    return blocks


if __name__ == "__main__":
    unittest.main()
