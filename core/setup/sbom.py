#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the bill of materials (CycloneDX 1.6, JSON) of a release to standard output.

What is linked into the program comes from core/setup/sources.txt, what is bundled into the page
from web/package-lock.json. The same input gives the same bytes.

    sbom.py [--libc NAME-VERSION]    the C library that the program is linked with statically
"""

import argparse
import hashlib
import json
import pathlib
import re
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "models/default/email-classifier.ecm"
NAMESPACE = uuid.UUID("4f0a7a55-6f0d-4f2e-9a43-4a8d3a5d3b5e")
# Of the page; they end up in nothing that is shipped.
BUILD_TOOLS = {"esbuild", "prettier", "typescript"}


def project_version():
    """The version in CMakeLists.txt."""
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    return re.search(r"project\(email-classifier VERSION ([0-9.]+)", text).group(1)


def licences(expression):
    """CycloneDX has ids for single licences and a field of its own for expressions."""
    if re.fullmatch(r"[A-Za-z0-9.+-]+", expression):
        return [{"license": {"id": expression}}]
    return [{"expression": expression}]


def source_component(line):
    """One line of sources.txt."""
    name, version, tarball, tree, _, url, licence = line.split(None, 6)
    github = re.match(r"https://github.com/([^/]+/[^/]+)/archive/(?:refs/tags/)?(.+)\.tar\.gz$",
                      url)
    purl = f"generic/{name}@{version}"
    if github:
        purl = f"github/{github[1].lower()}@{github[2]}"
    return {
        "type": "library",
        "bom-ref": f"source:{name}",
        "name": name,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": tarball}],
        "licenses": licences(licence),
        "purl": f"pkg:{purl}",
        "externalReferences": [{"type": "source-distribution", "url": url}],
        "properties": [{"name": "email-classifier:tree-sha256", "value": tree}],
    }


def source_components():
    """What is linked into the program and the WebAssembly module."""
    lines = (ROOT / "core/setup/sources.txt").read_text(encoding="utf-8").splitlines()
    return [source_component(line) for line in lines if line and not line.startswith("#")]


def page_components():
    """What is bundled into the page, with everything that those packages need."""
    path = ROOT / "web/package-lock.json"
    if not path.exists():
        return []
    packages = json.loads(path.read_text(encoding="utf-8"))["packages"]
    waiting = [("", name) for name in packages[""].get("devDependencies", {})
               if name not in BUILD_TOOLS and not name.startswith("@types/")]
    found = {}
    while waiting:
        place = resolve(packages, *waiting.pop())
        if place not in found:
            name = place.rpartition("node_modules/")[2]
            found[place] = npm_component(name, packages[place])
            waiting.extend((place, needed) for needed in packages[place].get("dependencies", {}))
    return list({part["bom-ref"]: part for _, part in sorted(found.items())}.values())


def resolve(packages, place, name):
    """Where Node finds a package that is needed at a place: there, or in a folder above."""
    while place and f"{place}/node_modules/{name}" not in packages:
        place = place.rpartition("/node_modules/")[0]
    return f"{place}/node_modules/{name}".lstrip("/")


def npm_component(name, package):
    """One package of a package-lock.json."""
    component = {
        "type": "library",
        "bom-ref": f"npm:{name}@{package['version']}",
        "name": name,
        "version": package["version"],
        "purl": f"pkg:npm/{name.replace('@', '%40')}@{package['version']}",
    }
    if "license" in package:
        component["licenses"] = licences(package["license"])
    return component


def model_version():
    """The version in the settings of the bundle (models/FORMAT.md)."""
    with MODEL.open("rb") as bundle:
        header = json.loads(bundle.read(int.from_bytes(bundle.read(8), "little")))
    return json.loads(header["__metadata__"]["settings"])["version"]


def model_component():
    """The model that every package carries, and the weights it was made from."""
    return {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": MODEL.name,
        "version": model_version(),
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(MODEL.read_bytes()).hexdigest()}],
        "licenses": licences("Apache-2.0"),
        "pedigree": {"ancestors": [{
            "type": "machine-learning-model",
            "name": "sentence-transformers/all-MiniLM-L6-v2",
            "purl": "pkg:huggingface/sentence-transformers/all-MiniLM-L6-v2",
            "licenses": licences("Apache-2.0"),
        }]},
    }


def libc_component(libc):
    """The C library, as NAME-VERSION."""
    name, version = libc.rsplit("-", 1)
    return {"type": "library", "bom-ref": "libc", "name": name, "version": version,
            "licenses": licences("LGPL-2.1-or-later"), "purl": f"pkg:generic/{name}@{version}"}


def bill_of_materials(libc):
    """The whole document."""
    version = project_version()
    components = [*source_components(), *page_components(), model_component()]
    if libc:
        components.append(libc_component(libc))
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {
            "type": "application",
            "bom-ref": "email-classifier",
            "name": "email-classifier",
            "version": version,
            "licenses": licences("Apache-2.0"),
        }},
        "components": components,
        "dependencies": [{"ref": "email-classifier",
                          "dependsOn": [component["bom-ref"] for component in components]}],
    }
    serial = uuid.uuid5(NAMESPACE, json.dumps(document, sort_keys=True))
    document["serialNumber"] = f"urn:uuid:{serial}"
    return document


def main():
    """Reads the arguments and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--libc", default="", metavar="NAME-VERSION")
    print(json.dumps(bill_of_materials(parser.parse_args().libc), indent=2))


if __name__ == "__main__":
    main()
