# SPDX-License-Identifier: Apache-2.0
"""Packages hold what they should, run, and are the same bytes when they are made again."""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import tarfile
import tempfile
import unittest
import zipfile

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from support import DEPLOY, PROGRAM, ROOT, harness, run

VERSION = re.search(r"project\(email-classifier VERSION ([0-9.]+)",
                    (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))[1]
TARBALL = f"email-classifier-{VERSION}-linux-x86_64"
WEB = f"email-classifier-{VERSION}-web"
LAMBDA = f"email-classifier-{VERSION}-lambda-x86_64.zip"
SBOM = f"email-classifier-{VERSION}.cdx.json"
MODEL = ROOT / "models/default/email-classifier.ecm"
PAGE = {"index.html": b"<!doctype html><title>page</title>", "assets/a.js": b"export {};\n",
        "assets/model.ecm": MODEL.read_bytes()}
ALONE = {"email-classifier.html": b"<!doctype html><title>one file</title>",
         "assets/model.ecm.gz": b"\x1f\x8b"}  # parts of the page that no server's package has
SOURCES = [line.split()[0] for line in
           (ROOT / "core/setup/sources.txt").read_text(encoding="utf-8").splitlines()
           if line and not line.startswith("#")]
EXECUTABLE = {"bin/email-classifier", "install.sh"}
FILES = EXECUTABLE | {
    "LICENSE", "README.md", "email-classifier.env", "nginx.conf", "sbom.cdx.json",
    "lib/systemd/system/email-classifier.service", "share/email-classifier/email-classifier.ecm",
    *(f"share/email-classifier/web/{name}" for name in PAGE),
    *(f"licenses/{name}.txt" for name in SOURCES)}


def make_page(folder):
    """A page in place of the real one, which takes minutes to build."""
    for name, content in (PAGE | ALONE).items():
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def contents(folder):
    """Files below a folder, by their path."""
    folder = pathlib.Path(folder)
    return {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}


def digest(path):
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Packages(unittest.TestCase):
    """Everything is packed once, and unpacked."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.page, cls.out = cls.folder / "page", cls.folder / "out"
        make_page(cls.page)
        run(ROOT / "dev", "package", "x86_64", "web",
            env=os.environ | {"PAGE_DIR": str(cls.page), "PACKAGE_DIR": str(cls.out)})
        with tarfile.open(cls.out / f"{TARBALL}.tar.gz") as tar:
            cls.members = tar.getmembers()
            tar.extractall(cls.folder)
        cls.tree = cls.folder / TARBALL

    def test_digests(self):
        run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=self.out)
        listed = (self.out / "SHA256SUMS").read_text(encoding="ascii").split()[1::2]
        self.assertEqual(set(listed), {f"{TARBALL}.tar.gz", LAMBDA, SBOM, f"{WEB}.tar.gz",
                                       f"email-classifier-{VERSION}.html"})
        self.assertEqual(set(listed) | {"SHA256SUMS"}, {path.name for path in self.out.iterdir()})

    def test_page(self):
        with tarfile.open(self.out / f"{WEB}.tar.gz") as tar:
            names = {member.name for member in tar.getmembers() if member.isfile()}
        self.assertEqual(names, {f"{WEB}/{name}" for name in (*PAGE, "assets/model.ecm.gz")})
        self.assertEqual((self.out / f"email-classifier-{VERSION}.html").read_bytes(),
                         ALONE["email-classifier.html"])

    def test_tarball(self):
        files = {member.name.split("/", 1)[1]: member for member in self.members
                 if not member.isdir()}
        self.assertEqual(set(files), FILES)
        # The model is in it once.
        self.assertEqual([name for name, member in files.items() if not member.isfile()],
                         ["share/email-classifier/web/assets/model.ecm"])
        for member in self.members:
            self.assertEqual((member.uid, member.gid, member.uname), (0, 0, ""))
        for name, member in files.items():
            self.assertEqual(member.mode, 0o755 if name in EXECUTABLE else 0o644, name)
        self.assertEqual(digest(self.tree / "bin/email-classifier"), digest(PROGRAM))
        self.assertIn("server 127.0.0.1:8080;", (self.tree / "nginx.conf").read_text("utf-8"))

    def test_program_runs_where_it_was_unpacked(self):
        program = self.tree / "bin/email-classifier"
        self.assertIn(str(self.tree), run(program, "model-info", env={}))
        interpreter = run("readelf", "--program-headers", program)
        self.assertNotIn("INTERP", interpreter)  # static
        harness.PROGRAM[:] = [str(program)]
        try:
            with harness.Server(model="") as server:
                self.assertEqual(server.get("/ready").status, 200)
                self.assertEqual(server.get("/").body, PAGE["index.html"])
                self.assertEqual(server.get("/assets/model.ecm").body, MODEL.read_bytes())
        finally:
            harness.PROGRAM[:] = [str(PROGRAM)]

    def test_lambda(self):
        path = self.out / LAMBDA
        self.assertLessEqual(path.stat().st_size, 25_000_000)
        target = self.folder / "lambda"
        with zipfile.ZipFile(path) as archive:
            modes = {entry.filename: entry.external_attr >> 16 & 0o777
                     for entry in archive.infolist()}
            archive.extractall(target)
        self.assertEqual(modes, {"bootstrap": 0o755, "email-classifier.ecm": 0o644})
        (target / "bootstrap").chmod(0o755)
        self.assertIn(str(target), run(target / "bootstrap", "model-info", env={}))

    def test_bill_of_materials(self):
        text = (self.out / SBOM).read_text(encoding="utf-8")
        self.assertIsNone(JsonStrictValidator(SchemaVersion.V1_6).validate_str(text))
        self.assertIsNotNone(JsonStrictValidator(SchemaVersion.V1_6).validate_str(
            text.replace('"licenses"', '"licences"', 1)))
        components = {part["name"]: part for part in json.loads(text)["components"]}
        self.assertLessEqual(set(SOURCES) | {"email-classifier.ecm", "glibc"}, set(components))
        self.assertEqual(components["email-classifier.ecm"]["hashes"][0]["content"],
                         digest(self.tree / "share/email-classifier/email-classifier.ecm"))
        info = json.loads(run(PROGRAM, "model-info", "--format", "json"))
        self.assertEqual(components["email-classifier.ecm"]["version"], info["version"])
        self.assertFalse(set(components) & {"esbuild", "prettier", "typescript"})
        for name, part in components.items():
            self.assertTrue(part["licenses"] and part["version"], name)
        # What the build links is what sources.txt names.
        linked = set(re.findall(r"/src/([a-z0-9]+)-[^/ ]*/\S+\.c\b", (
            ROOT / "build/native/build.ninja").read_text(encoding="utf-8")))
        self.assertLessEqual(linked, set(SOURCES))
        self.assertIn("libmicrohttpd", linked)

    def test_install_upgrade_uninstall(self):
        """install.sh puts files where the unit looks for them, and keeps the settings."""
        install, root = self.tree / "install.sh", self.folder / "root"
        environment = os.environ | {"DESTDIR": str(root), "PREFIX": "/opt/classifier"}
        run(install, env=environment)
        self.check_installed(root)
        settings = root / "etc/email-classifier/env"
        self.assertEqual(settings.stat().st_mode & 0o777, 0o600)
        settings.write_text("PORT=9000\n", encoding="ascii")
        (root / "opt/classifier/share/email-classifier/web/old.js").touch()
        run(install, env=environment)
        self.check_installed(root)
        self.assertEqual(settings.read_text(encoding="ascii"), "PORT=9000\n")
        run(install, "--uninstall", env=environment)
        self.assertEqual(set(contents(root)), {"etc/email-classifier/env"})

    def check_installed(self, root):
        """The whole of what is installed."""
        share = "opt/classifier/share/email-classifier"
        self.assertEqual(set(contents(root)), {
            "etc/email-classifier/env", "etc/systemd/system/email-classifier.service",
            "opt/classifier/bin/email-classifier", f"{share}/email-classifier.ecm",
            *(f"{share}/web/{name}" for name in PAGE),
            *(f"{share}/licenses/{name}.txt" for name in SOURCES)})
        unit = (root / "etc/systemd/system/email-classifier.service").read_text(encoding="utf-8")
        command = re.search(r"^ExecStart=(\S+) serve$", unit, re.MULTILINE)[1]
        self.assertIn(str(root), run(f"{root}{command}", "model-info", env={}))

    def test_image(self):
        """The steps of the Dockerfile make the same tarball again, and from it a whole image."""
        text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
        page, step = re.findall(r"^RUN (.*)", text, re.MULTILINE)
        self.assertEqual(page, "./dev build web")
        out, image = self.folder / "again", self.folder / "image"
        for place, other in (("/src/build/web", self.page), ("build/package/", f"{out}/"),
                             ("/image", image)):
            self.assertIn(place, step)
            step = step.replace(place, str(other))
        run("sh", "-euc", step, cwd=ROOT, env=os.environ | {
            "TARGETARCH": "amd64", "PACKAGE_DIR": str(out), "TZ": "Pacific/Auckland"})
        for name in (f"{TARBALL}.tar.gz", LAMBDA, SBOM):
            self.assertEqual(digest(self.out / name), digest(out / name), name)
        share = "usr/share/email-classifier"
        self.assertEqual(set(contents(image)), {
            "usr/bin/email-classifier", f"{share}/email-classifier.ecm", f"{share}/LICENSE",
            f"{share}/sbom.cdx.json", *(f"{share}/web/{name}" for name in PAGE),
            *(f"{share}/licenses/{name}.txt" for name in SOURCES)})
        self.check_image_runs(image)

    def check_image_runs(self, image):
        """As in a container: nothing but the image, its user and /proc."""
        (image / "proc").mkdir()
        shell = 'mount -t proc proc "$1/proc" && shift && exec chroot --userspec=65532:65532 "$@"'
        inside = ["unshare", "--mount", "sh", "-c", shell, "sh", str(image), str(image),
                  "/usr/bin/email-classifier"]
        allowed = subprocess.run([*inside, "--version"], capture_output=True, check=False)
        if allowed.returncode != 0:
            self.skipTest(f"no namespaces here: {allowed.stderr.decode().strip()}")
        harness.PROGRAM[:] = inside
        try:
            with harness.Server(model="") as server:
                self.assertEqual(server.get("/ready").status, 200)
                self.assertEqual(server.get("/").body, PAGE["index.html"])
                run(*inside, "probe", env=os.environ | {"PORT": str(server.port)})
        finally:
            harness.PROGRAM[:] = [str(PROGRAM)]


if __name__ == "__main__":
    unittest.main()
