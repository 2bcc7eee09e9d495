#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ./dev bench: prepares Python and ONNX Runtime, then measures. The program is built already.
set -eu

HERE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
ROOT=$(CDPATH='' cd -- "$HERE/../.." && pwd)
# shellcheck source=/dev/null
. "$ROOT/core/setup/lib.sh"

# shellcheck source=/dev/null
. "$HERE/venv.sh"

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
