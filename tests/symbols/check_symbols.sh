#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Proves what the core promises: it exports only ec_ symbols, calls nothing but memory, strings,
# mathematics and its kernels, and nobody depends on a part above him.
#
#   check_symbols.sh symbols ARCHIVE NM   the core's object files
#   check_symbols.sh includes ROOT        who includes whom
#   check_symbols.sh self-test CC NM      whether each check notices a planted violation
set -eu

# What the core may call. Nothing here reads a file, a clock, the environment or a locale, or
# starts a thread.
ALLOWED='malloc|calloc|realloc|free|aligned_alloc|posix_memalign'
ALLOWED="$ALLOWED|bcmp|mem(chr|cmp|cpy|move|set)|str(chr|cmp|len|ncmp|rchr|spn|cspn|str|pbrk)|bsearch|qsort"
ALLOWED="$ALLOWED|v?snprintf|(abs|ceil|erf|exp|fabs|floor|fma|fmax|fmin|ldexp|log|lrint|lround)f?"
ALLOWED="$ALLOWED|(nearbyint|pow|rint|round|roundeven|sqrt|tanh|trunc)f?|llrintf?|exp2f?"
ALLOWED="$ALLOWED|(xnn|pthreadpool|cJSON|ec_json)_[A-Za-z0-9_]*"
# What compilers add: checked variants, stack protection, sanitizers, position independence.
COMPILER='__(memcpy|memmove|memset|snprintf|vsnprintf|strcpy)_chk|__stack_chk_(fail|guard)'
COMPILER="$COMPILER|__(asan|ubsan|tsan|sanitizer|sancov|msan|gcov)_[A-Za-z0-9_]*"
COMPILER="$COMPILER|__isnanf?|__isinff?"
COMPILER="$COMPILER|_GLOBAL_OFFSET_TABLE_|__cpu_model|__cpu_indicator_init|__aarch64_[a-z0-9_]*"

# Lines of $1, a list, that are not wanted; each is a failure with the reason $2.
report() {
    [ -z "$1" ] && return 0
    printf '%s\n' "$1" | sed "s/^/$2: /" >&2
    return 1
}

# Names of nm's output $1 whose type matches $2.
names() {
    awk -v types="$2" 'NF >= 2 && $(NF - 1) ~ types { print $NF }' "$1" | sort -u
}

check_symbols() {
    table=$(mktemp)
    status=0
    "$2" "$1" >"$table" 2>/dev/null
    names "$table" '^[TDBRCVWGSi]$' >"$table.defined"
    if [ ! -s "$table.defined" ]; then
        echo "no symbols in $1" >&2
        status=1
    fi
    # Compilers add .resolver and the like to functions that they clone for several processors, and
    # sanitizers constructors and descriptors of their own.
    ours="ec_[a-z0-9_]*(\.[a-z0-9_.]*)?|_sub_[A-Z].*|__odr_asan.*"
    exported=$(grep -Ev "^($ours|$COMPILER)$" "$table.defined" || true)
    report "$exported" "exported without the prefix ec_" || status=1
    called=$(names "$table" '^[Uw]$' | grep -vxF -f "$table.defined" |
        grep -Ev "^($ALLOWED|$COMPILER)$" || true)
    report "$called" "called but not allowed" || status=1
    changing=$(writable "$1")
    report "$changing" "a global that can change" || status=1
    rm -f "$table" "$table.defined"
    return $status
}

# Names of variables that can change. Constant tables of pointers stand in .data.rel.ro, which nm
# does not tell from .data; so this asks objdump, where there is one that can read the archive.
# On Arm $d marks data of any kind.
writable() {
    objdump -t "$1" 2>/dev/null | awk 'NF >= 5 {
        section = $(NF - 2)
        if (section ~ /^\.(data|bss|tdata|tbss)(\.|$)/ && section !~ /^\.data\.rel\.ro/ &&
            $NF !~ /^(\.|__|\$)/) print $NF }' | sort -u
}

# Included names in the files below $1 (that are there), as FILE:NAME.
included() {
    for folder in "$@"; do
        [ -d "$folder" ] || continue
        find "$folder" \( -name node_modules -o -name dist \) -prune -o \
            \( -name '*.c' -o -name '*.h' -o -name '*.cc' \) -print
    done | sort | while IFS= read -r file; do
        sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]\([^>"]*\)[>"].*/\1/p' "$file" |
            sed "s|^|$file:|"
    done
}

# Base names of the private headers of the core.
private_headers() {
    find "$1/core/src" -name '*.h' -exec basename {} \; | sort -u
}

check_includes() {
    root=$1
    status=0
    list=$(mktemp)
    private_headers "$root" >"$list"
    hosts=$(included "$root/serverless" "$root/wasm" | while IFS= read -r line; do
        name=${line##*:}
        file=${line%:*}
        case $name in
        */core/* | core/* | */src/* | xnnpack* | pthreadpool/*) echo "$line" ;;
        */*) ;;
        *) # A header of the host's own may have the name of a private one.
            if grep -qxF "$name" "$list" && [ ! -e "$(dirname "$file")/$name" ] &&
                ! find "$root/serverless" "$root/wasm" -name "$name" 2>/dev/null | grep -q .; then
                echo "$line"
            fi ;;
        esac
    done)
    report "$hosts" "a host includes more than email_classifier.h and strict_json.h" || status=1
    upward=$(included "$root/core" | grep -E ':(.*/)?(serverless|wasm|web|models|tests)/' || true)
    report "$upward" "the core includes a part above it" || status=1
    hosted=$(included "$root/core" | while IFS= read -r line; do
        name=${line##*:}
        if [ ! -e "$(dirname "${line%:*}")/$name" ] && [ ! -e "$root/core/include/$name" ] &&
            find "$root/serverless" "$root/wasm" -path "*/$name" 2>/dev/null |
            grep -q .; then
            echo "$line"
        fi
    done)
    report "$hosted" "the core includes a header of a host" || status=1
    kernels=$(included "$root/core/src" | grep -E ':xnnpack' |
        grep -Ev '/core/src/(xnn\.c|kernels/[^/:]*):' || true)
    report "$kernels" "only xnn.c and kernels/ include xnnpack" || status=1
    hostly='sys/.*|unistd|fcntl|time|locale|pthread|threads|signal|errno|dirent|wchar|wctype'
    system=$(included "$root/core/src" "$root/core/json" "$root/core/include" |
        grep -E ":($hostly)(\.h)?$" || true)
    report "$system" "the core includes what a host should do" || status=1
    rm -f "$list"
    return $status
}

# ------------------------------------------------------------- self-test

# expect_failure NAME COMMAND...: the command must fail.
expect_failure() {
    name=$1
    shift
    if "$@" 2>/dev/null; then
        echo "not noticed: $name" >&2
        exit 1
    fi
    echo "noticed: $name"
}

# plant_symbols NAME SOURCE: an archive of a clean object and this one must be refused.
plant_symbols() {
    printf '%s\n' "$2" >"$work/bad.c"
    "$cc" -std=gnu11 -c "$work/bad.c" -o "$work/bad.o"
    rm -f "$work/bad.a"
    ar rc "$work/bad.a" "$work/good.o" "$work/bad.o"
    expect_failure "$1" check_symbols "$work/bad.a" "$nm"
}

# plant_include NAME FILE LINE: a tree with this line in this file must be refused.
plant_include() {
    mkdir -p "$work/tree/$(dirname "$2")"
    printf '%s\n' "$3" >"$work/tree/$2"
    expect_failure "$1" check_includes "$work/tree"
    rm "$work/tree/$2"
}

good_tree() {
    mkdir -p "$work/tree/core/src/kernels" "$work/tree/core/include" "$work/tree/serverless/cli" \
        "$work/tree/wasm"
    : >"$work/tree/core/include/email_classifier.h"
    : >"$work/tree/core/src/model.h"
    : >"$work/tree/serverless/cli/args.h"
    echo '#include <xnnpack.h>' >"$work/tree/core/src/xnn.c"
    echo '#include <xnnpack/config.h>' >"$work/tree/core/src/kernels/k.c"
    printf '#include "email_classifier.h"\n#include "args.h"\n' >"$work/tree/serverless/cli/main.c"
}

self_test() {
    cc=$1
    nm=$2
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    echo '#include <stdlib.h>
        static const char *const names[] = {"a", "b"};
        const char *ec_good(int i);
        const char *ec_good(int i) { free(malloc(1)); return names[i]; }' \
        >"$work/good.c"
    "$cc" -fPIC -c "$work/good.c" -o "$work/good.o"
    ar rc "$work/good.a" "$work/good.o"
    check_symbols "$work/good.a" "$nm"
    plant_symbols 'an export without prefix' 'int helper(void) { return 1; }'
    plant_symbols 'an exported variable' 'const int table[2] = {1, 2};'
    plant_symbols 'a file opened' '#include <stdio.h>
        void *ec_bad(void); void *ec_bad(void) { return fopen("a", "r"); }'
    plant_symbols 'something printed' '#include <stdio.h>
        void ec_bad(void); void ec_bad(void) { puts("a"); }'
    plant_symbols 'a clock read' '#include <time.h>
        long ec_bad(void); long ec_bad(void) { return (long)time(0); }'
    plant_symbols 'the environment read' '#include <stdlib.h>
        char *ec_bad(void); char *ec_bad(void) { return getenv("A"); }'
    plant_symbols 'a thread started' '#include <pthread.h>
        int ec_bad(pthread_t *t, void *(*f)(void *));
        int ec_bad(pthread_t *t, void *(*f)(void *)) { return pthread_create(t, 0, f, 0); }'
    plant_symbols 'a locale set' '#include <locale.h>
        void ec_bad(void); void ec_bad(void) { setlocale(LC_ALL, ""); }'
    plant_symbols 'a global that can change' 'int ec_counter = 3;'
    plant_symbols 'a hidden one' 'int ec_bad(void); int ec_bad(void) { static int n; return ++n; }'
    good_tree
    check_includes "$work/tree"
    plant_include 'a host with a private header' serverless/cli/x.c '#include "model.h"'
    plant_include 'a path into the core' wasm/x.c '#include "../core/src/model.h"'
    plant_include 'a host with xnnpack' serverless/x.c '#include <xnnpack.h>'
    plant_include 'the core with a path to a host' core/src/x.c '#include "../../wasm/ec_wasm.h"'
    plant_include 'the core with a header of a host' core/src/x.c '#include "args.h"'
    plant_include 'xnnpack elsewhere' core/src/x.c '#  include <xnnpack.h>'
    plant_include 'a system header' core/src/x.c '#include <unistd.h>'
}

case ${1:-} in
symbols) check_symbols "$2" "$3" ;;
includes) check_includes "$2" ;;
self-test) self_test "$2" "$3" ;;
*)
    sed -n '3,9p' "$0" >&2
    exit 2
    ;;
esac
