#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ./dev bench http [OPTION...]: the HTTP server under load. The program is built already.
set -eu

ROOT=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
# shellcheck source=/dev/null
. "$ROOT/core/setup/lib.sh"

need python3=python3 wrk=wrk slowhttptest=slowhttptest taskset=util-linux
cd "$ROOT"
exec python3 -B tests/bench/http.py build/native/serverless/email-classifier "$@"
