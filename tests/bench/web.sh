#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ./dev bench web: the network in Chromium beside onnxruntime-web, and how fast the page answers. All
# is built already.
set -eu

HERE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
ROOT=$(CDPATH='' cd -- "$HERE/../.." && pwd)
# shellcheck source=/dev/null
. "$ROOT/core/setup/lib.sh"
# shellcheck source=/dev/null
. "$HERE/venv.sh"

MODEL=models/default/email-classifier.ecm
GRAPHS=build/bench-web/onnx

need chromium=chromium python3=python3
make_venv || die "no ONNX Runtime to make the graphs with, see $CACHE/bench-venv.log"
cd "$ROOT"
if [ ! -d "$GRAPHS" ] || [ -n "$(find "$MODEL" -newer "$GRAPHS")" ]; then
    rm -rf "$GRAPHS"
    mkdir -p "$GRAPHS"
    "$VENV/bin/python" "$HERE/bundle_to_onnx.py" "$MODEL" "$GRAPHS" >"$GRAPHS/log" 2>&1
fi
mkdir -p build/bench
node "$HERE/web/bench.mjs" build/npm "$GRAPHS" build/native/serverless/email-classifier "$MODEL" \
    build/wasm-relaxed/wasm build/bench/web.json
node "$HERE/web_page.mjs" build/bench/web_page.json
say "the same figures are in build/bench/web.json and web_page.json"
