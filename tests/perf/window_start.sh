#!/usr/bin/env bash
# How long the window takes from a cold start of the program until it can be used and has ended again (offscreen, a new
# profile each time, an engine with scripted answers): tests/perf/window_start.sh BUILD_FOLDER [TIMES]
set -euo pipefail
build=$(cd "${1:?usage: window_start.sh BUILD_FOLDER [TIMES]}" && pwd)
program=$build/bin/epichat
times=${2:-10}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo '[]' >"$folder/nothing.json"
export QT_QPA_PLATFORM=offscreen
for ((i = 0; i < times; ++i)); do
    begin=$(date +%s%N)
    "$program" --db "$folder/$i/epichat.db" --engine-command "$build/tests/played_engine" --script "$folder/nothing.json"
    echo $((($(date +%s%N) - begin) / 1000000))
done | sort -n | awk '{ all[NR] = $1 } END { printf "fastest %d ms, median %d ms, slowest %d ms (%d starts)\n", all[1], all[int((NR + 1) / 2)], all[NR], NR }'
