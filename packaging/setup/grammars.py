"""tree-sitter and the grammars that code in a reply is coloured by: C sources that the build compiles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from . import disk, locations, unpack
from .errors import NoNetwork, PackageGone, SetupError, TooLittleDisk
from .files import read_json, write_json
from .package_store import PackageStore
from .pip_client import Pin
from .progress import say


@dataclass(frozen=True)
class GrammarSource:
    pin: Pin
    unpacked_bytes: int
    members: dict[str, str]  # see unpack.extract_sources
    titles: list[str]  # of its languages; none: tree-sitter, which all need


def table(path: Path = locations.PACKAGING / "grammars.json") -> list[GrammarSource]:
    """What all languages need comes first."""
    rows = json.loads(path.read_text(encoding="utf-8"))["sources"]
    return [
        GrammarSource(
            Pin(row["package"], row["version"], row["sha256"], row["bytes"], is_source=True),
            row["unpacked_bytes"],
            row["members"],
            [language["title"] for language in row["languages"]],
        )
        for row in rows
    ]


class Grammars:
    """Folders below `root`, one per package and version, each with a stamp. One that is there is whole: it is unpacked
    beside its place and moved. What cannot be fetched is left out; the build makes do without it."""

    def __init__(self, root: Path, store: PackageStore) -> None:
        self._root = root
        self._store = store

    def folder_of(self, source: GrammarSource) -> Path:
        return self._root / f"{source.pin.package}-{source.pin.version}"

    def is_complete(self, source: GrammarSource) -> bool:
        stamp = read_json(self.stamp_of(source))
        if not isinstance(stamp, dict) or stamp.get("sha256") != source.pin.sha256:
            return False
        files = [(self.folder_of(source) / name, size) for name, size in stamp["files"]]
        return all(path.is_file() and path.stat().st_size == size for path, size in files)

    def ensure(self, sources: list[GrammarSource]) -> bool:
        """Brings what is missing, says what had to be left out, and returns whether another try may bring more."""
        missing = [source for source in sources if not self.is_complete(source)]
        if not missing:
            return False
        to_fetch = sum(source.pin.bytes for source in missing if not self._store.holds(source.pin))
        unpacked = sum(source.unpacked_bytes for source in missing)
        disk.require(self._root, unpacked + to_fetch, "the grammars")
        say(f"grammars in {self._root}: {disk.text_of(to_fetch)} to fetch, {disk.text_of(unpacked)} unpacked")
        may_come_later = False
        for source in missing:
            try:
                self._install(source)
            except TooLittleDisk:
                raise
            except SetupError as error:
                what = " and ".join(source.titles) or "code"
                say(f"{error}; {what} will be shown without colours")
                may_come_later |= not isinstance(error, PackageGone)
                if isinstance(error, NoNetwork) or not source.titles:
                    break
        return may_come_later

    def _install(self, source: GrammarSource) -> None:
        package = self._store.get(source.pin)
        fresh = self._root / ".unpacking" / source.pin.package
        files = unpack.extract_sources(package, source.members, fresh)
        write_json(fresh / self.stamp_of(source).name, {"sha256": source.pin.sha256, "files": files})
        unpack.swap_in(fresh, self.folder_of(source))
        self._store.drop(source.pin)

    def stamp_of(self, source: GrammarSource) -> Path:
        return self.folder_of(source) / ".verified.json"
