# SPDX-License-Identifier: Apache-2.0
# What a release consists of, in build/package: for each architecture a tarball and a zip for AWS
# Lambda; the page, the npm package, the bill of materials, the digests of all of them. The same
# sources give the same bytes: times are those of the last commit (or SOURCE_DATE_EPOCH).
# shellcheck shell=sh

PACKAGE_PARTS="x86_64 arm64 web npm"
# Both can be set, as absolute paths: where packages go, and a page that was built elsewhere.
PACKAGE_DIR=${PACKAGE_DIR:-$ROOT/build/package}
PAGE_DIR=${PAGE_DIR:-}

version() { sed -nE 's/^project\(email-classifier VERSION ([0-9.]+).*/\1/p' CMakeLists.txt; }

# The earliest time that a zip can hold stands in where there is no commit.
package_time() {
    [ -z "${SOURCE_DATE_EPOCH-}" ] || { echo "$SOURCE_DATE_EPOCH" && return; }
    git -c safe.directory="$ROOT" log -1 --format=%ct 2>/dev/null || echo 315532800
}

# package_preset ARCH: the preset that builds for it on this machine.
package_preset() {
    case $1-$(uname -m) in
    x86_64-x86_64 | arm64-aarch64) echo native ;;
    arm64-*) echo arm64 ;;
    *) die "packages for $1 are made on a machine of that kind" ;;
    esac
}

package_page() {
    [ -n "$PAGE_DIR" ] || { build_web && PAGE_DIR=$ROOT/build/web; }
    [ -f "$PAGE_DIR/index.html" ] || die "there is no page in $PAGE_DIR"
}

# pack_tar DIR NAME: DIR/NAME as a tarball.
pack_tar() {
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(package_time)" \
        --mode=u=rwX,go=rX --format=gnu -C "$1" -cf "$1/tar" "$2"
    gzip -9n <"$1/tar" >"$PACKAGE_DIR/$2.tar.gz"
}

# libc_name: the C library of this machine, with its version.
libc_name() { getconf GNU_LIBC_VERSION | tr ' ' '-'; }

write_sbom() {
    need python3=python3
    python3 core/setup/sbom.py --libc "$(libc_name)" >"$1"
}

copy_licences() (
    mkdir -p "$1"
    while read -r name _; do
        case $name in '' | '#'*) continue ;; esac
        for file in LICENSE COPYING; do
            [ ! -f ".deps/$name/$file" ] || install -m 644 ".deps/$name/$file" "$1/$name.txt"
        done
    done <core/setup/sources.txt
)

# copy_page DIR: the page as a server shows it. Its model is the one that lies beside it already, so
# that becomes a link, and the compressed one would save a browser little.
copy_page() (
    cp -R "$PAGE_DIR" "$1/web"
    rm -f "$1/web/email-classifier.html" "$1"/web/assets/*.ecm.gz
    for model in "$1"/web/assets/*.ecm; do
        ! cmp -s "$model" "$1/email-classifier.ecm" || ln -f "$1/email-classifier.ecm" "$model"
    done
)

# fill_tree ARCH DIR: what lies in a tarball.
fill_tree() (
    share=$2/share/email-classifier
    mkdir -p "$2/bin" "$share" "$2/lib/systemd/system"
    install -m 755 "build/$(package_preset "$1")/serverless/email-classifier" "$2/bin/"
    install -m 644 models/default/email-classifier.ecm "$share/"
    copy_page "$share"
    install -m 644 serverless/deploy/vm/email-classifier.service "$2/lib/systemd/system/"
    install -m 755 serverless/deploy/vm/install.sh "$2/"
    install -m 644 serverless/deploy/vm/email-classifier.env serverless/deploy/vm/README.md \
        LICENSE "$2/"
    # There the server is on the same machine.
    sed "s/classifier:8080/127.0.0.1:8080/" serverless/deploy/nginx.conf >"$2/nginx.conf"
    copy_licences "$2/licenses"
    write_sbom "$2/sbom.cdx.json"
)

package_tarball() (
    name=email-classifier-$(version)-linux-$1
    work=$(mktemp -d)
    fill_tree "$1" "$work/$name"
    pack_tar "$work" "$name"
    rm -rf "$work"
)

# The program finds the model beside itself.
package_lambda() (
    need zip=zip
    name=email-classifier-$(version)-lambda-$1.zip
    work=$(mktemp -d)
    install -m 755 "build/$(package_preset "$1")/serverless/email-classifier" "$work/bootstrap"
    install -m 644 models/default/email-classifier.ecm "$work/"
    touch -d "@$(package_time)" "$work"/*
    rm -f "$PACKAGE_DIR/$name"
    (cd "$work" && TZ=UTC zip -X -9 -q "$PACKAGE_DIR/$name" bootstrap email-classifier.ecm)
    rm -rf "$work"
)

package_arch() {
    build "$(package_preset "$1")" email-classifier
    package_page
    say "packing for $1"
    package_tarball "$1"
    package_lambda "$1"
}

# The page for any static host, and the same page as one file.
package_web() (
    package_page
    name=email-classifier-$(version)-web
    work=$(mktemp -d)
    cp -R "$PAGE_DIR" "$work/$name"
    mv "$work/$name/email-classifier.html" "$PACKAGE_DIR/email-classifier-$(version).html"
    pack_tar "$work" "$name"
    rm -rf "$work"
)

package_npm() {
    [ -f "build/email-classifier-$(version).tgz" ] || build_npm
    cp "build/email-classifier-$(version).tgz" "$PACKAGE_DIR/email-classifier-$(version)-npm.tgz"
}

# package [PART...]: all parts unless some are named. Digests are of all that lies there.
package() {
    # shellcheck disable=SC2086 # a list of names
    [ $# -gt 0 ] || set -- $PACKAGE_PARTS
    mkdir -p "$PACKAGE_DIR"
    for part in "$@"; do
        case $part in
        x86_64 | arm64) package_arch "$part" ;;
        web) package_web ;;
        npm) package_npm ;;
        *) die "no package $part; there are: $PACKAGE_PARTS" ;;
        esac
    done
    write_sbom "$PACKAGE_DIR/email-classifier-$(version).cdx.json"
    (cd "$PACKAGE_DIR" && sha256sum email-classifier-* >SHA256SUMS)
    (cd "$PACKAGE_DIR" && ls -l email-classifier-*) >&2
}
