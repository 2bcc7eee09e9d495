#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ./dev bench lambda [STARTS]: how fast a function starts, and how large its zip is. The program is
# built already.
set -eu

ROOT=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
# shellcheck source=/dev/null
. "$ROOT/core/setup/lib.sh"

need python3=python3
cd "$ROOT"
exec python3 tests/bench/lambda.py build/native/serverless/email-classifier \
    models/default/email-classifier.ecm "$@"
