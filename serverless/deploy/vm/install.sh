#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the contents of this tarball, or a newer version of them, as a systemd service.
set -eu

usage() {
    cat <<'USAGE'
usage: ./install.sh [--uninstall]

Installs the program, the model and the page in PREFIX (default /usr/local) and starts the systemd
service email-classifier on 127.0.0.1:8080. Settings in /etc/email-classifier/env are kept.
With DESTDIR, files are only put below that folder and no service is started.
--uninstall removes everything but the settings.
USAGE
}

PREFIX=${PREFIX:-/usr/local}
DESTDIR=${DESTDIR:-}
UNIT=/etc/systemd/system/email-classifier.service
SETTINGS=/etc/email-classifier/env
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# systemd is left alone when files are only put somewhere.
service() { [ -n "$DESTDIR" ] || systemctl "$@"; }

install_files() {
    share=$DESTDIR$PREFIX/share/email-classifier
    install -d "$DESTDIR$PREFIX/bin" "$share" "$DESTDIR$(dirname "$UNIT")"
    install -d -m 700 "$DESTDIR$(dirname "$SETTINGS")"
    # New files take the place of old ones at once, so that a running server keeps its own.
    install -m 755 "$here/bin/email-classifier" "$DESTDIR$PREFIX/bin/email-classifier.new"
    mv -f "$DESTDIR$PREFIX/bin/email-classifier.new" "$DESTDIR$PREFIX/bin/email-classifier"
    install -m 644 "$here/share/email-classifier/email-classifier.ecm" "$share/model.new"
    mv -f "$share/model.new" "$share/email-classifier.ecm"
    rm -rf "$share/web" "$share/licenses"
    cp -R "$here/share/email-classifier/web" "$here/licenses" "$share/"
    chmod -R u=rwX,go=rX "$share"
    sed "s|/usr/local/|$PREFIX/|g" "$here/lib/systemd/system/email-classifier.service" \
        >"$DESTDIR$UNIT"
    [ -f "$DESTDIR$SETTINGS" ] || install -m 600 "$here/email-classifier.env" "$DESTDIR$SETTINGS"
}

uninstall() {
    service disable --now email-classifier || :
    rm -rf "$DESTDIR$PREFIX/bin/email-classifier" "$DESTDIR$PREFIX/share/email-classifier" \
        "$DESTDIR$UNIT"
    service daemon-reload
}

case ${1-} in
'')
    install_files
    service daemon-reload
    service enable email-classifier
    service restart email-classifier
    echo "installed; see: systemctl status email-classifier"
    ;;
--uninstall) uninstall ;;
-h | --help) usage ;;
*)
    usage >&2
    exit 2
    ;;
esac
