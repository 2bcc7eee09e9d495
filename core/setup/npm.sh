# SPDX-License-Identifier: Apache-2.0
# The npm package and the tools that come from npm.
# shellcheck shell=sh

WASM_VARIANTS="simd relaxed simd-threads relaxed-threads"

# npm_ci DIR: installs what DIR/package-lock.json pins, once for each state of that file.
npm_ci() (
    need node=nodejs npm=npm
    cd "$ROOT/$1" || exit 1
    cmp -s package-lock.json node_modules/.installed && exit 0
    say "installing the npm packages of $1"
    npm ci --no-audit --no-fund --ignore-scripts >npm-ci.log 2>&1 </dev/null || {
        tail -20 npm-ci.log >&2
        die "npm could not install the packages of $1"
    }
    rm -f npm-ci.log
    cp package-lock.json node_modules/.installed
)

# build_npm: build/npm is the package as a folder, build/email-classifier-VERSION.tgz the archive.
build_npm() (
    out=$ROOT/build/npm
    for variant in $WASM_VARIANTS; do build "wasm-$variant"; done
    npm_ci wasm
    say "packing the npm package"
    rm -rf "$out"
    mkdir -p "$out/dist"
    cp wasm/package.json wasm/README.md LICENSE "$out"
    cp wasm/src/*.js build/wasm-*-threads/wasm/*.mjs "$out/dist"
    for variant in $WASM_VARIANTS; do cp "build/wasm-$variant/wasm/$variant.wasm" "$out/dist"; done
    cp models/default/email-classifier.ecm "$out/dist/model.ecm"
    wasm/node_modules/.bin/tsc --project wasm/tsconfig.json --outDir build/npm-types
    for part in index classifier client errors explanation; do
        cp "build/npm-types/$part.d.ts" "$out/dist"
    done
    chmod 644 "$out"/dist/*
    (cd "$out" && npm pack --silent --pack-destination "$ROOT/build" >/dev/null)
)
