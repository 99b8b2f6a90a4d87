"""Reads ctest's JUnit file: names what failed and what was skipped, then says how many of each there were.

A Qt Test or unittest program counts once for each of its functions and data rows, any other test once.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

_QT_LINE = re.compile(r"^(PASS|XFAIL|BPASS|BXPASS|FAIL!|XPASS|SKIP|BSKIP|BFAIL)\s*: ([^\s(]+\([^\n]*?\))(?: (.*))?$", re.MULTILINE)
_QT_FRAME = ("::initTestCase()", "::cleanupTestCase()")
_UNITTEST_LINE = re.compile(r"^(\w+ \([\w.]+\))(?:\n.*)? \.\.\. (ok|FAIL|ERROR|skipped) ?(.*)$", re.MULTILINE)
_PASSING = {"PASS", "XFAIL", "BPASS", "BXPASS", "BFAIL", "ok"}
_SKIPPED = {"SKIP", "BSKIP", "skipped"}


@dataclass
class Counts:
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def add(self, outcome: str, name: str, reason: str) -> None:
        if outcome in _PASSING:
            self.passed += 1
        elif outcome in _SKIPPED:
            self.skipped.append(f"{name}: {reason or 'no reason given'}")
        else:
            self.failed.append(f"{name}: {reason}" if reason else name)


def count(results: ElementTree.Element) -> Counts:
    counts = Counts()
    for case in results.iter("testcase"):
        _count_case(case, counts)
    return counts


def _count_case(case: ElementTree.Element, counts: Counts) -> None:
    name = case.get("name", "?")
    output = case.findtext("system-out") or ""
    skipped = case.find("skipped")
    if skipped is not None or case.get("status") in ("notrun", "disabled"):
        counts.skipped.append(f"{name}: {(skipped.get('message') if skipped is not None else '') or 'not run'}")
        return
    failures_before = len(counts.failed)
    functions = _functions(output)
    for outcome, function, reason in functions:
        counts.add(outcome, f"{name} {function}" if name not in function else function, reason)
    failure = case.find("failure")
    if failure is not None and len(counts.failed) == failures_before:  # crashed, timed out, or no functions to blame
        counts.failed.append(f"{name}: {failure.get('message') or 'failed'}")
    elif failure is None and not functions:
        counts.passed += 1


def _functions(output: str) -> list[tuple[str, str, str]]:
    """Outcome, name and reason of each function that the program reported."""
    found = []
    for match in _QT_LINE.finditer(output):
        outcome, name, reason = match.group(1), match.group(2), match.group(3) or ""
        if not (outcome == "PASS" and name.endswith(_QT_FRAME)):
            found.append((outcome, name, reason.strip()))
    for match in _UNITTEST_LINE.finditer(output):
        found.append((match.group(2), match.group(1), match.group(3).strip().strip("'\"")))
    return found


def _show(title: str, lines: list[str]) -> None:
    if lines:
        print(f"\n{title}")
        for line in lines:
            print(f"  {line}")


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: test_report.py RESULTS.xml", file=sys.stderr)
        return 2
    try:
        counts = count(ElementTree.parse(arguments[0]).getroot())
    except (OSError, ElementTree.ParseError) as error:
        print(f"no test results: {error}", file=sys.stderr)
        print("0 passed, 1 failed, 0 skipped")
        return 1
    _show("SKIPPED", counts.skipped)
    _show("FAILED", counts.failed)
    print(f"\n{counts.passed} passed, {len(counts.failed)} failed, {len(counts.skipped)} skipped")
    return 1 if counts.failed or not counts.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
