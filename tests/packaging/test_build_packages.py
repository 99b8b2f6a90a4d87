"""The build reads only headers of the Debian packages that packaging/debian/build and test bring along.

A package that was installed by hand hides one that the lists lack, or a header that was taken from the wrong place: such a
build fails on a bare machine only. Run as: test_build_packages.py BUILD_FOLDER; exits with 77 where that cannot be told.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

LISTS = Path(__file__).resolve().parents[2] / "packaging" / "debian"
SKIPPED = 77


def output_of(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def names_in(relations: str) -> list[str]:
    """The package names of a Depends or Provides field, alternatives included."""
    return [re.split(r"[ (:]", part.strip())[0] for part in re.split(r"[,|]", relations) if part.strip()]


def brought_along(wanted: list[str]) -> set[str]:
    """`wanted` and, of what is installed, all that it depends on. Recommendations are not installed by the set-up."""
    depends: dict[str, list[str]] = {}
    providers: dict[str, list[str]] = {}
    for line in output_of("dpkg-query", "--show", "--showformat=${Package}\t${Provides}\t${Pre-Depends},${Depends}\n").splitlines():
        package, provides, relations = line.split("\t")
        depends[package] = names_in(relations)
        for name in names_in(provides):
            providers.setdefault(name, []).append(package)
    found: set[str] = set()
    open_names = list(wanted)
    while open_names:
        name = open_names.pop()
        for package in [name] if name in depends else providers.get(name, []):
            if package not in found:
                found.add(package)
                open_names += depends[package]
    return found


def headers_read(build: Path) -> set[str]:
    """Absolute paths below /usr, but for what is no package's matter (/usr/local)."""
    listing = output_of("ninja", "-C", str(build), "-t", "deps")
    read = {os.path.normpath(build / line.strip()) for line in set(listing.splitlines()) if line.startswith("    ")}
    return {path for path in read if path.startswith("/usr/") and not path.startswith("/usr/local/")}


def owners() -> dict[str, set[str]]:
    owned: dict[str, set[str]] = {}
    for listing in Path("/var/lib/dpkg/info").glob("*.list"):
        for path in listing.read_text(encoding="utf-8").splitlines():
            owned.setdefault(path, set()).add(listing.stem.partition(":")[0])
    return owned


def main(build: Path) -> int:
    if not all(map(shutil.which, ("dpkg-query", "ninja"))) or not (build / "build.ninja").is_file():
        print("skipped: not Debian, or not built with ninja")
        return SKIPPED
    headers = headers_read(build)
    if not headers:
        print(f"{build} names no header: nothing was built there")
        return 1
    wanted = [name for path in ("build", "test") for name in (LISTS / path).read_text(encoding="utf-8").split()]
    brought, owned = brought_along(wanted), owners()
    foreign: dict[str, list[str]] = {}
    for path in sorted(headers):
        packages = owned.get(path, set())
        if packages and not packages & brought:
            foreign.setdefault(" or ".join(sorted(packages)), []).append(path)
    for package, paths in foreign.items():
        print(f"{package} is not in packaging/debian, but the build reads {', '.join(paths)}")
    print(f"{len(headers)} headers, {len(brought)} packages")
    return 1 if foreign else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
