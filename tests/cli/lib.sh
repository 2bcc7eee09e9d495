# SPDX-License-Identifier: Apache-2.0
# What test_cli.sh checks with. Sets T, a folder that goes away at the end, and PROGRAM, all the
# arguments: the program, and before it the emulator it needs.
# shellcheck shell=sh

# $PROGRAM is split at line ends only, so that folders may have blanks in their names.
IFS='
'
PROGRAM=$*
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
# A line for each check. Files, since checks in a pipeline run in a shell of their own.
: >"$T/passed"
: >"$T/failed"
: >"$T/all_err"
unset MODEL_PATH
unset NO_COLOR

# ok DESCRIPTION COMMAND...: the command should succeed
ok() {
    what=$1
    shift
    if "$@" >/dev/null 2>&1; then
        echo x >>"$T/passed"
    else
        echo x >>"$T/failed"
        echo "failed: $what" >&2
        sed 's/^/    out: /' "$T/out" | head -5 >&2
        sed 's/^/    err: /' "$T/err" | head -5 >&2
    fi
}

# run CODE ARGUMENT...: runs the program on standard input; leaves out, err and checks its exit code
run() {
    want=$1
    shift
    # shellcheck disable=SC2086
    $PROGRAM "$@" >"$T/out" 2>"$T/err"
    got=$?
    cat "$T/err" >>"$T/all_err"
    ok "exit code $got, not $want, of:$(printf ' %s' "$@")" [ "$got" -eq "$want" ]
}

# says PATTERN: stderr is one line, which matches
says() {
    ok "stderr has $(wc -l <"$T/err") lines, not 1" [ "$(wc -l <"$T/err")" -eq 1 ]
    ok "stderr matches: $1" grep -q "^email-classifier: $1" "$T/err"
}

quiet() { ok 'nothing on stderr' [ ! -s "$T/err" ]; }
out_has() { ok "stdout has: $1" grep -q -- "$1" "$T/out"; }
lines() { ok "$2 lines in $1" [ "$(wc -l <"$1")" -eq "$2" ]; }
same() { ok "$1 and $2 are the same" cmp -s "$1" "$2"; }

# repeat COUNT TEXT
repeat() { awk -v n="$1" -v s="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%s", s }'; }

# summary: says how it went, and fails when a check has
summary() {
    echo "$(wc -l <"$T/passed") passed, $(wc -l <"$T/failed") failed"
    [ ! -s "$T/failed" ]
}
