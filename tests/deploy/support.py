# SPDX-License-Identifier: Apache-2.0
"""What the tests of the deployment files share."""

import functools
import pathlib
import re
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "serverless/deploy"
PROGRAM = ROOT / "build/native/serverless/email-classifier"

sys.path.insert(0, str(ROOT / "tests/http"))
import harness  # noqa: E402  pylint: disable=wrong-import-position

harness.PROGRAM.append(str(PROGRAM))


def run(*command, **options):
    """Runs a command that must succeed; its standard output."""
    done = subprocess.run([str(part) for part in command], check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def fails(*command, **options):
    """Runs a command that must fail; what it said."""
    done = subprocess.run([str(part) for part in command], check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    assert done.returncode != 0, f"{command} succeeded: {done.stdout}"
    return done.stdout


def load_yaml(path):
    """The documents of a YAML file."""
    with open(path, encoding="utf-8") as file:
        return list(yaml.safe_load_all(file))


@functools.cache
def settings():
    """The variables that the server understands."""
    names = re.findall(r"^  ([A-Z][A-Z_]+) ", run(PROGRAM, "serve", "--help"), re.MULTILINE)
    assert len(names) > 15, names
    return set(names)

