# SPDX-License-Identifier: Apache-2.0
# The static page.
# shellcheck shell=sh

# build_web: build/web is the page for any static host; in it email-classifier.html is the same page
# as one file. PAGE_SERVERS names servers that Settings may connect to, besides the page's own.
build_web() {
    build_npm
    npm_ci web
    say "building the page"
    (cd web && node_modules/.bin/tsc && node build.mjs "$ROOT/build/npm" "$ROOT/build/web") >&2
}
