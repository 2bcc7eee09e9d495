#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ./dev bench: prepares Python and ONNX Runtime, then measures. The program is built already.
set -eu

HERE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
ROOT=$(CDPATH='' cd -- "$HERE/../.." && pwd)
# shellcheck source=/dev/null
. "$ROOT/core/setup/lib.sh"

VENV=$CACHE/bench-venv

# The packages of requirements.txt, in an environment of their own that is made once.
venv_ready() { cmp -s "$HERE/requirements.txt" "$VENV/requirements.txt"; }

make_venv() {
    venv_ready && return
    python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
    say "installing ONNX Runtime for the comparison"
    mkdir -p "$CACHE"
    rm -rf "$VENV"
    python3 -m venv "$VENV" >"$CACHE/bench-venv.log" 2>&1 &&
        "$VENV/bin/pip" install --quiet --disable-pip-version-check --retries 1 --timeout 20 \
            --requirement "$HERE/requirements.txt" >>"$CACHE/bench-venv.log" 2>&1 &&
        cp "$HERE/requirements.txt" "$VENV/requirements.txt"
}

need python3=python3
PYTHON=python3
case " $* " in
*" --help "* | *" -h "* | *" --no-onnx "*) ;;
*)
    # In a shell of its own, since a failed apt-get would end this one.
    if (make_venv) && venv_ready; then
        PYTHON=$VENV/bin/python
    else
        say "no ONNX Runtime, so its columns are left out (see $CACHE/bench-venv.log)"
        set -- --no-onnx "$@"
    fi
    ;;
esac
cd "$ROOT"
exec "$PYTHON" "$HERE/bench.py" "$@"
