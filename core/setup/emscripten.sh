# SPDX-License-Identifier: Apache-2.0
# Emscripten 3.1.69 of Debian 13, also on Debian 12, in the cache: linked as .deps/emscripten.
# Nothing of another Debian release is installed on the machine; only clang, lld and node are,
# from its own release. An emcc of the caller's own (EMSCRIPTEN_ROOT) is taken as it is.
# shellcheck shell=sh

EMSCRIPTEN_VERSION=3.1.69+dfsg-3
EMSCRIPTEN_SUITE=trixie

# deb_unpack PACKAGE DIR [TAR OPTION...]: unpacks a package of that suite into DIR.
deb_unpack() (
    package=$1 into=$2
    shift 2
    mkdir -p "$into"
    (cd "$into" && rm -f -- *.deb && apt_in emscripten apt-get download -q "$package" \
        >"$into.log" 2>&1 </dev/null) || die "could not fetch $package, see $into.log"
    dpkg-deb --fsys-tarfile "$into"/*.deb | tar -x -C "$into" "$@" ||
        die "could not unpack $package"
    rm -f "$into"/*.deb
)

# The system libraries come ready-made in every variant (1.6 GB); these are the ones not used.
unpack_emscripten() {
    deb_unpack "emscripten=$EMSCRIPTEN_VERSION" "$1/deb" \
        --exclude='*/wasm64-emscripten' --exclude='*/lto' --exclude='*/thinlto' --exclude='*/pic' \
        --exclude='libGL-*emu*' --exclude='libGL-*webgl2*' --exclude='libSDL*' \
        --exclude='*-asan*' --exclude='*-ubsan*' --exclude='*lsan*' \
        --exclude='*/emscripten/test' --exclude='./usr/share/doc'
    mv "$1/deb/usr/share/emscripten" "$1/emscripten"
    # ES modules ignore NODE_PATH, so the parser that emcc imports must lie beside it.
    deb_unpack node-acorn "$1/acorn"
    mkdir -p "$1/emscripten/node_modules/acorn"
    cp -RL "$1/acorn/usr/share/nodejs/acorn/." "$1/emscripten/node_modules/acorn/"
}

# Debian 12's own binaryen cannot read relaxed SIMD, and Debian 13's needs a newer C library.
# So that library comes along, privately, and each tool is started through its loader.
unpack_binaryen() (
    deb_unpack binaryen "$1/binaryen-deb"
    for library in libc6 libstdc++6 libgcc-s1; do
        deb_unpack "$library" "$1/runtime"
    done
    mkdir -p "$1/binaryen/bin" "$1/binaryen/tools" "$1/binaryen/lib"
    mv "$1"/binaryen-deb/usr/bin/wasm* "$1/binaryen/tools/"
    find "$1/runtime" "$1/binaryen-deb/usr/lib" -path '*-linux-gnu*/*.so*' \
        -exec cp -P {} "$1/binaryen/lib/" \;
    for tool in "$1"/binaryen/tools/*; do
        write_wrapper "$1/binaryen/bin/$(basename "$tool")"
    done
)

write_wrapper() {
    cat >"$1" <<'WRAPPER'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")/..
exec "$here"/lib/ld-linux-*.so.* --library-path "$here/lib" "$here/tools/$(basename "$0")" "$@"
WRAPPER
    chmod +x "$1"
}

# write_config DIR: Emscripten reads this file from its own folder.
write_config() {
    cat >"$1/emscripten/.emscripten" <<CONFIG
LLVM_ROOT = '/usr/bin'
BINARYEN_ROOT = '$1/binaryen'
NODE_JS = '$(command -v node)'
FROZEN_CACHE = True
LLVM_ADD_VERSION = '19'
CLANG_ADD_VERSION = '19'
CONFIG
}

setup_emscripten() (
    mkdir -p "$ROOT/.deps"
    need node=nodejs
    if [ -n "${EMSCRIPTEN_ROOT-}" ]; then
        ln -sfn "$EMSCRIPTEN_ROOT" "$ROOT/.deps/emscripten"
        exit
    fi
    is_debian || die "for WebAssembly, install Emscripten 3.1.69 or newer and set EMSCRIPTEN_ROOT" \
        "to the folder that has emcc.py (on Debian this is done for you)"
    need clang-19=clang-19 wasm-ld-19=lld-19 llvm-nm-19=llvm-19 python3=python3 ccache=ccache
    dir=$CACHE/emscripten-$EMSCRIPTEN_VERSION
    if [ ! -f "$dir/ok" ]; then
        say "fetching Emscripten $EMSCRIPTEN_VERSION (240 MB)"
        apt_private emscripten deb "$EMSCRIPTEN_SUITE" ||
            die "could not read Debian's $EMSCRIPTEN_SUITE package lists"
        rm -rf "$dir"
        mkdir -p "$dir"
        unpack_emscripten "$dir"
        unpack_binaryen "$dir"
        rm -rf "$dir/deb" "$dir/acorn" "$dir/binaryen-deb" "$dir/runtime"
        write_config "$dir"
        touch "$dir/ok"
    fi
    # The node on PATH may have changed since.
    grep -qF "'$(command -v node)'" "$dir/emscripten/.emscripten" || write_config "$dir"
    ln -sfn "$dir/emscripten" "$ROOT/.deps/emscripten"
)
