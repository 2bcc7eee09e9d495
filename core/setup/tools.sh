# SPDX-License-Identifier: Apache-2.0
# Tools that only tests use, in the cache: programs out of Debian packages that are not installed,
# so that no service starts on a developer's machine, a Python environment and npm packages. All
# programs are linked into one folder.
# shellcheck shell=sh

TOOLS=$CACHE/test-tools

# deb_program PACKAGE PATH [LISTS]: links the program at PATH of a package of the machine's own
# release, or of the private LISTS.
deb_program() (
    program=$TOOLS/$1/$2
    mkdir -p "$TOOLS/bin"
    if [ ! -x "$program" ]; then
        say "fetching $1"
        rm -rf "${TOOLS:?}/$1" "$TOOLS/$1.part"
        mkdir -p "$TOOLS/$1.part"
        cd "$TOOLS/$1.part" || exit 1
        in_lists=${3:+apt_in $3}
        # Without lists apt knows no package.
        $in_lists apt-get download -q "$1" >"$TOOLS/log" 2>&1 </dev/null ||
            { as_root apt-get update -q && $in_lists apt-get download -q "$1"; } \
                >>"$TOOLS/log" 2>&1 </dev/null || die "could not fetch $1, see $TOOLS/log"
        dpkg-deb --fsys-tarfile -- *.deb | tar -x "./$2" || die "there is no $2 in $1"
        rm -f -- *.deb
        mv "$TOOLS/$1.part" "$TOOLS/$1"
    fi
    ln -sfn "$program" "$TOOLS/bin/"
)

# Debian 12's own docker-compose is too old to read a file of today.
compose_program() (
    docker compose version >/dev/null 2>&1 && exit
    if [ ! -x "$TOOLS/bin/docker-compose" ]; then
        is_debian || die "for the tests of docker-compose.yml, install the plugin docker compose"
        apt_private compose deb trixie || die "could not read Debian's trixie package lists"
    fi
    deb_program docker-compose usr/libexec/docker/cli-plugins/docker-compose compose
)

# python_tools REQUIREMENTS: what that file pins, made anew when it changes.
python_tools() (
    cmp -s "$1" "$TOOLS/python/requirements.txt" && exit
    python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
    say "installing the checkers of deployment files"
    rm -rf "$TOOLS/python"
    if ! { python3 -m venv "$TOOLS/python" && "$TOOLS/python/bin/pip" install --no-deps \
        --no-compile --quiet --disable-pip-version-check --requirement "$1"; } \
        >"$TOOLS/log" 2>&1 </dev/null; then
        tail -20 "$TOOLS/log" >&2
        die "pip could not install what $1 lists"
    fi
    cp "$1" "$TOOLS/python/requirements.txt"
)

# node_tools DIR: what DIR/package-lock.json pins.
node_tools() (
    cmp -s "$1/package-lock.json" "$TOOLS/node/package-lock.json" && exit
    rm -rf "$TOOLS/node"
    mkdir -p "$TOOLS/node"
    cp "$1/package.json" "$TOOLS/node/"
    cp "$1/package-lock.json" "$TOOLS/node/lock"
    cd "$TOOLS/node" || exit 1
    mv lock package-lock.json
    if ! npm ci --ignore-scripts --no-audit --no-fund >"$TOOLS/log" 2>&1 </dev/null; then
        mv package-lock.json lock # not complete
        tail -20 "$TOOLS/log" >&2
        die "npm could not install what $1 lists"
    fi
)

# What the tests of the deployment files need.
setup_deploy_tools() {
    need python3=python3 node=nodejs npm=npm curl=curl openssl=openssl git=git zip=zip \
        systemd-analyze=systemd shellcheck=shellcheck
    deb_program nginx usr/sbin/nginx
    deb_program prometheus usr/bin/promtool
    compose_program
    python_tools tests/deploy/requirements.txt
    node_tools tests/deploy
    for tool in hadolint cfn-lint kubernetes-validate; do
        ln -sfn "$TOOLS/python/bin/$tool" "$TOOLS/bin/"
    done
}
