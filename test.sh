#!/usr/bin/env bash
# Sets up what is missing, builds with warnings as errors, and runs all tests. Arguments go to ctest, e.g. -R storage.
# The last line is "N passed, N failed, N skipped"; the exit code is 0 only when nothing failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=packaging/prepare.sh
. "$here/packaging/prepare.sh"

check_format() {
    say "checking the format of the C++ files"
    local report
    report=$(cd "$here" && find app core cuda storage tests ui -regextype egrep -regex '.*\.(cpp|h|cu|cuh)' -print0 |
        xargs -0 -r clang-format-14 --dry-run -Werror 2>&1) && return
    sed -n 's/:[0-9]*:[0-9]*: error: .*//p' <<<"$report" | sort -u | grep . >&2 || printf '%s\n' "$report" >&2
    say "run clang-format-14 -i on the files above"
    printf '0 passed, 1 failed, 0 skipped\n'
    exit 1
}

command -v clang-format-14 >/dev/null || install_packages build test
check_format
prepare test build test
build test ci

results="$here/build/ci/test-results.xml"
rm -f "$results"
code=0
(cd "$here" && ctest --preset ci --output-junit "$results" \
    --test-output-size-passed 4000000 --test-output-size-failed 4000000 "$@") || code=$?
python=$(find_python)
"$python" "$here/packaging/test_report.py" "$results" || code=$?
exit "$code"
