# SPDX-License-Identifier: Apache-2.0
# Third-party sources: fetched once into the cache, checked, and linked from .deps in the checkout.
# shellcheck shell=sh

# tree_sha256 DIR: one digest of all files below DIR, whatever archive they came from.
tree_sha256() {
    (cd "$1" && find . -type f | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum |
        cut -d' ' -f1)
}

# unpack ARCHIVE DIR PATHS: unpacks the wanted paths (comma list) of a source archive to DIR.
unpack() (
    rm -rf "$2.all" "$2"
    mkdir -p "$2.all" "$2"
    tar -xf "$1" -C "$2.all" || exit 1
    top=$2.all
    # Most archives have one folder at the top; Debian's of XNNPACK has none.
    if [ "$(find "$top" -mindepth 1 -maxdepth 1 | wc -l)" -eq 1 ]; then
        top=$(find "$top" -mindepth 1 -maxdepth 1)
    fi
    for path in $(printf '%s' "$3" | tr ',' ' '); do
        mv "$top/$path" "$2/" || exit 1
    done
    rm -rf "$2.all"
)

# from_debian NAME VERSION SHA256 OUT: the original tarball from Debian's archive, by apt.
from_debian() (
    is_debian || exit 1
    # Lists read within the hour are fresh enough.
    if [ -z "$(find "$CACHE/apt/sources/ready" -mmin -60 2>/dev/null)" ]; then
        apt_private sources deb-src trixie forky || exit 1
        touch "$CACHE/apt/sources/ready"
    fi
    full=$(apt_in sources apt-cache showsrc --only-source "$1" 2>/dev/null |
        awk -v v="$2-" '$1 == "Version:" && index($2, v) == 1 { print $2; exit }')
    [ -n "$full" ] || exit 1
    (cd "$(dirname "$4")" && apt_in sources apt-get source -q --download-only --tar-only \
        "$1=$full") >"$4.log" 2>&1 </dev/null || exit 1
    mv "$(dirname "$4")/$1_$2.orig.tar."[gx]z "$4" && [ "$(sha256 "$4")" = "$3" ]
)

# from_upstream URL OUT: the archive of the same commit. Such archives are packed anew now and
# then, so it is the unpacked tree whose digest is checked.
from_upstream() {
    need curl=curl /etc/ssl/certs/ca-certificates.crt=ca-certificates
    curl -fsSL --retry 3 -o "$2" "$1" </dev/null
}

# fetch_source NAME VERSION TARBALL_SHA256 TREE_SHA256 PATHS URL
fetch_source() (
    dir=$CACHE/src/$1-$2
    [ -f "$dir.ok" ] && [ "$(cat "$dir.ok")" = "$4" ] && exit 0
    say "fetching the source of $1 $2"
    work=$(mktemp -d "$CACHE/src/fetch.XXXXXX")
    if from_debian "$1" "$2" "$3" "$work/archive" && unpack "$work/archive" "$work/tree" "$5"; then
        :
    elif from_upstream "$6" "$work/archive" && unpack "$work/archive" "$work/tree" "$5"; then
        :
    else
        rm -rf "$work"
        die "could not fetch the source of $1 $2, neither from Debian nor from $6"
    fi
    actual=$(tree_sha256 "$work/tree")
    if [ "$actual" != "$4" ]; then
        rm -rf "$work"
        die "the source of $1 $2 has digest $actual, expected $4"
    fi
    rm -rf "$dir"
    mv "$work/tree" "$dir"
    printf '%s\n' "$4" >"$dir.ok"
    rm -rf "$work"
)

# setup_sources: everything in sources.txt, linked as .deps/NAME.
setup_sources() {
    mkdir -p "$CACHE/src"
    [ -L "$ROOT/.deps" ] && rm "$ROOT/.deps"
    mkdir -p "$ROOT/.deps"
    while read -r name version tarball tree paths url _; do
        case $name in '' | '#'*) continue ;; esac
        fetch_source "$name" "$version" "$tarball" "$tree" "$paths" "$url"
        ln -sfn "$CACHE/src/$name-$version" "$ROOT/.deps/$name"
    done <"$ROOT/core/setup/sources.txt"
}
