# SPDX-License-Identifier: Apache-2.0
# ONNX Runtime for the comparisons. Sourced; wants HERE and core/setup/lib.sh.
# shellcheck shell=sh

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
