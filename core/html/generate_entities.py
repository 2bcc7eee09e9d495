#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes core/src/html_entity_tables.c from the entities of HTML 4 that Python knows.

    generate_entities.py            writes the file
    generate_entities.py --check    exits 1 when writing would change anything
"""
import html.entities
import pathlib
import sys

OUTPUT = pathlib.Path(__file__).resolve().parents[1] / "src" / "html_entity_tables.c"

HEAD = """\
// SPDX-License-Identifier: Apache-2.0
// Made by core/html/generate_entities.py.
#include "html_entities.h"

const ec_html_entity ec_html_entities[] = {
"""
TAIL = """\
};
const size_t ec_html_entity_count = sizeof ec_html_entities / sizeof *ec_html_entities;
"""


def table():
    entities = {**html.entities.name2codepoint, "apos": ord("'")}
    lines = [f'    {{"{name}", 0x{entities[name]:04X}}},\n' for name in sorted(entities)]
    return HEAD + "".join(lines) + TAIL


def main():
    if sys.argv[1:] == ["--check"]:
        return OUTPUT.read_text(encoding="ascii") != table()
    OUTPUT.write_text(table(), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
