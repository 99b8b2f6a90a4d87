"""LibTorch and the CUDA libraries it loads, unpacked from their wheels."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import disk, locations, unpack
from .files import read_json, write_json
from .pip_client import Pin
from .progress import say
from .package_store import PackageStore


@dataclass(frozen=True)
class LibraryWheel:
    pin: Pin
    unpacked_bytes: int
    take: list[str]
    for_gpu: bool


def table(path: Path = locations.PACKAGING / "wheels.json") -> list[LibraryWheel]:
    """In the order of installation: torch comes last, so a tree that has torch/ has all that torch needs."""
    rows = json.loads(path.read_text(encoding="utf-8"))["wheels"]
    return [
        LibraryWheel(
            Pin(row["package"], row["version"], row["sha256"], row["bytes"]),
            row["unpacked_bytes"],
            row["take"],
            row["needs"] == "nvidia-driver",
        )
        for row in rows
    ]


class LibTorch:
    """The tree below `root`, which has torch/ and nvidia/, and a stamp for each wheel that was unpacked whole."""

    def __init__(self, root: Path, store: PackageStore) -> None:
        self._root = root
        self._store = store

    def ensure(self, wheels: list[LibraryWheel]) -> None:
        missing = [wheel for wheel in wheels if not self.is_complete(wheel)]
        if not missing:
            return
        to_fetch = sum(wheel.pin.bytes for wheel in missing if not self._store.holds(wheel.pin))
        unpacked = sum(wheel.unpacked_bytes for wheel in missing)
        disk.require(self._root, unpacked + max(wheel.pin.bytes for wheel in missing), "LibTorch")
        say(f"LibTorch in {self._root}: {disk.text_of(to_fetch)} to fetch, {disk.text_of(unpacked)} unpacked")
        for wheel in missing:
            self._install(wheel)

    def is_complete(self, wheel: LibraryWheel) -> bool:
        """True when the wheel was unpacked to its end and each of its files still has its size."""
        stamp = read_json(self._stamp(wheel))
        if not isinstance(stamp, dict) or stamp.get("sha256") != wheel.pin.sha256:
            return False
        return all(_size(self._root / name) == size for name, size in stamp["files"])

    def _install(self, wheel: LibraryWheel) -> None:
        package = self._store.get(wheel.pin)
        say(f"unpacking {wheel.pin}")
        fresh = self._root / ".unpacking" / wheel.pin.package
        files = unpack.extract(package, wheel.take, fresh)
        self._stamp(wheel).unlink(missing_ok=True)
        if wheel.pin.package == "torch":
            unpack.swap_in(fresh / "torch", self._root / "torch")
        else:  # several wheels share nvidia/cu13
            unpack.merge_in(fresh, self._root)
        write_json(self._stamp(wheel), {"version": wheel.pin.version, "sha256": wheel.pin.sha256, "files": files})
        shutil.rmtree(fresh, ignore_errors=True)
        self._store.drop(wheel.pin)

    def _stamp(self, wheel: LibraryWheel) -> Path:
        return self._root / ".stamps" / f"{wheel.pin.package}.json"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
