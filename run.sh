#!/usr/bin/env bash
# Sets up what is missing, builds, and starts EpiChat:
#   ./run.sh [OPTION...]             the window
#   ./run.sh cli [ARGUMENT...]       the command line program
#   ./run.sh models list | get ID    the models EpiChat knows
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=packaging/prepare.sh
. "$here/packaging/prepare.sh"

case ${1:-} in
    -h | --help)
        sed -n 's/^#\( \|$\)//p' "$here/run.sh" | sed -n '1,4p'
        exit
        ;;
    models)
        shift
        find_python >/dev/null || install_packages build
        setup_command models "$@"
        exit
        ;;
    cli)
        shift
        program=epichat-cli
        ;;
    '' | -*) program=epichat ;;
    *) die 2 "there is no './run.sh $1'; perhaps './run.sh cli $1'? './run.sh --help' lists what there is" ;;
esac

prepare run build
build run release --target programs
if [ "$program" = epichat ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}${QT_QPA_PLATFORM:-}" ]; then
    die 9 "EpiChat is built, but there is no display to open its window on; ./run.sh cli works without one"
fi
exec "$here/build/release/bin/$program" "$@"
