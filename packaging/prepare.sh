# shellcheck shell=bash
# Sourced by run.sh and test.sh: Debian packages, then LibTorch, grammars and models, then the build.
# packaging/README.md lists the exit codes.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${XDG_CACHE_HOME:-} in
    /*) cache=$XDG_CACHE_HOME ;;
    *) cache=$HOME/.cache ;;
esac
EPICHAT_DEPS=$(realpath -m "${EPICHAT_DEPS:-$cache/epichat}")
export EPICHAT_DEPS
# LibTorch's threads wait for each other only a moment before they sleep: they would otherwise spin for milliseconds and
# take the processor from the window and from each other. Decoding on two free cores costs 20 % more with it.
export GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-10000}

say() { printf 'epichat: %s\n' "$*" >&2; }

die() {
    local code=$1
    shift
    say "$*"
    exit "$code"
}

# The names of the Debian packages of the given lists that are not installed.
missing_packages() {
    local wanted installed
    wanted=$(cd "$root/packaging/debian" && sort -u "$@")
    # shellcheck disable=SC2086  # one word per package
    installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
        sed -n 's/^installed //p' | sort -u)
    comm -23 <(printf '%s\n' "$wanted") <(printf '%s\n' "$installed")
}

install_packages() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        die 3 "this is no Debian system: install what packaging/debian/ lists by your own means (EpiChat is built on Debian 12)"
    fi
    local missing
    missing=$(missing_packages "$@" | tr '\n' ' ')
    missing=${missing% }
    [ -n "$missing" ] || return 0

    local command="apt-get install -y --no-install-recommends $missing" as_root=()
    local by_hand="apt-get update && $command" # a fresh system has no list of packages yet
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            die 3 "Debian packages are missing; as root, run: $by_hand"
        elif sudo -n true 2>/dev/null; then
            as_root=(sudo -n)
        elif [ -t 0 ]; then
            as_root=(sudo)
        else
            die 3 "Debian packages are missing and sudo asks for a password; run: sudo sh -c '$by_hand'"
        fi
    fi

    say "installing Debian packages: $missing"
    local log
    log=$(mktemp)
    # shellcheck disable=SC2064  # the name as it is now
    trap "rm -f '$log'" EXIT
    # shellcheck disable=SC2086  # the command is words
    if ! { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C $command; } </dev/null 2>&1 | tee "$log" >&2; then
        if grep -qE 'enough free space|No space left' "$log"; then
            die 5 "too little disk for the Debian packages: $(grep -E 'enough free space|No space left' "$log" | tail -n 1)"
        elif grep -qE 'resolv|[Cc]ould not connect|Unable to connect|Connection (refused|timed out|failed)' "$log"; then
            die 4 "no network: apt-get could not reach Debian's archive"
        fi
        die 3 "apt-get could not install the Debian packages; as root, run: $by_hand"
    fi
    rm -f "$log"
    trap - EXIT
}

# A Python that has pip; on Debian the system's own always will, after install_packages.
find_python() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        if "$candidate" -c 'import sys, importlib.util as i; sys.exit(sys.version_info < (3, 9) or not i.find_spec("pip"))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

setup_command() {
    local python
    python=$(find_python) || return 9
    (cd "$root/packaging" && exec "$python" -m setup "$@")
}

# prepare PURPOSE LIST...: everything that PURPOSE (run or test) needs, with the Debian packages of the LISTs.
prepare() {
    local purpose=$1
    shift
    setup_command ready "$purpose" && return
    install_packages "$@"
    setup_command prepare "$purpose" || exit $?
}

# build PURPOSE PRESET [cmake --build argument...]
build() {
    local purpose=$1 preset=$2 folder="$root/build/$2" libtorch="$EPICHAT_DEPS/libtorch"
    local grammars="$EPICHAT_DEPS/grammars"
    shift 2
    mkdir -p "$root/build"
    (
        flock 9 # two starts at once build one after the other
        cd "$root"
        if [ ! -f "$folder/build.ninja" ] || ! grep -qxF "EPI_TORCH_ROOT:PATH=$libtorch" "$folder/CMakeCache.txt" ||
            ! grep -qxF "EPI_GRAMMAR_ROOT:PATH=$grammars" "$folder/CMakeCache.txt"; then
            say "configuring build/$preset"
            cmake --preset "$preset" "-DEPI_TORCH_ROOT=$libtorch" "-DEPI_GRAMMAR_ROOT=$grammars" >&2
        fi
        cmake --build --preset "$preset" "$@" >&2
    ) 9>"$folder.lock" && return
    setup_command forget "$purpose" # perhaps a package was removed: look at everything the next time
    die 1 "building build/$preset failed"
}
