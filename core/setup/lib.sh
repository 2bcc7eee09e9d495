# SPDX-License-Identifier: Apache-2.0
# Shared by ./dev and the files beside this one: talking, root rights, packages, private apt lists.
# Functions with variables have a subshell as body, since POSIX sh knows no local ones.
# shellcheck shell=sh

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/email-classifier

say() { printf '%s\n' "== $*" >&2; }
die() { printf '%s\n' "dev: $*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "need root rights for: $*"
    fi
}

# is_debian: true on Debian itself. Ubuntu has apt too, but another archive.
is_debian() { grep -qx 'ID=debian' /etc/os-release 2>/dev/null && have apt-get; }

# apt_install PACKAGE...: one apt call, quiet, with the log shown when it fails.
apt_install() (
    have apt-get || die "please install these packages yourself: $*"
    say "installing $*"
    log=$(mktemp)
    if ! as_root env DEBIAN_FRONTEND=noninteractive sh -c \
        'apt-get update -q && apt-get install -q -y --no-install-recommends "$@"' sh "$@" \
        >"$log" 2>&1 </dev/null; then
        tail -20 "$log" >&2
        die "apt-get could not install: $*"
    fi
    rm -f "$log"
)

# need COMMAND=PACKAGE...: installs the packages whose command is not there yet. The command may
# be a path, for a package that brings none.
need() (
    missing=
    for pair in "$@"; do
        case ${pair%%=*} in
        /*) [ -e "${pair%%=*}" ] || missing="$missing ${pair#*=}" ;;
        *) have "${pair%%=*}" || missing="$missing ${pair#*=}" ;;
        esac
    done
    # shellcheck disable=SC2086 # a list of package names
    [ -z "$missing" ] || apt_install $missing
)

# apt_release_entry: prints "URI FILE:LINE" of the machine's own release, in apt's own reading of
# its source lists, whichever format they have.
apt_release_entry() (
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    # shellcheck disable=SC2016 # apt's own format variables
    apt-get indextargets --format '$(RELEASE) $(REPO_URI) $(SOURCESENTRY)' 'Created-By: Packages' \
        2>/dev/null | awk -v c="$codename" '$1 == c { print $2, $3; exit }'
)

# apt_origin: prints "URI KEYRING" of the machine's own Debian archive; KEYRING is empty when the
# machine names none.
apt_origin() (
    entry=$(apt_release_entry)
    if [ -z "$entry" ]; then
        # Apt answers only once the lists were read, and images come without them.
        as_root apt-get update -q >/dev/null 2>&1 </dev/null || exit 1
        entry=$(apt_release_entry)
    fi
    [ -n "$entry" ] || exit 1
    file=${entry#* }
    file=${file%:*}
    keyring=$(sed -nE 's/.*[Ss]igned-[Bb]y[:=][[:space:]]*([^] ]+).*/\1/p' "$file" | head -1)
    if [ ! -f "$keyring" ]; then
        keyring=/usr/share/keyrings/debian-archive-keyring.gpg
        [ -f "$keyring" ] || keyring=
    fi
    printf '%s %s\n' "${entry%% *}" "$keyring"
)

# apt_private NAME TYPE SUITE...: reads the lists (TYPE deb or deb-src) of other suites of the
# machine's own mirror into a folder of ours, so that the machine's apt is left as it is.
# Afterwards "apt_in NAME apt-get ..." uses them.
apt_private() (
    name=$1 type=$2
    shift 2
    dir=$CACHE/apt/$name
    origin=$(apt_origin) || exit 1
    mkdir -p "$dir/lists/partial" "$dir/archives/partial"
    option=${origin#* }
    option=${option:+signed-by=$option}
    # Frozen mirrors serve lists that are past their date. Sources are pinned by digest anyway.
    [ "$type" = deb ] || option="check-valid-until=no $option"
    option=${option:+"[$option] "}
    for suite in "$@"; do
        printf '%s %s%s %s main\n' "$type" "$option" "${origin%% *}" "$suite"
    done >"$dir/sources.list"
    apt_in "$name" apt-get update -q >"$dir/log" 2>&1 </dev/null || exit 1
)

apt_in() (
    dir=$CACHE/apt/$1 tool=$2
    shift 2
    "$tool" -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=- \
        -o Dir::State::Lists="$dir/lists" -o Dir::Cache::Archives="$dir/archives" \
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root "$@"
)

# sha256 FILE: prints the digest only.
sha256() { sha256sum "$1" | cut -d' ' -f1; }
