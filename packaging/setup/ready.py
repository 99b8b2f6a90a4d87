"""Remembers that everything is in place, so that the next start does not look again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from . import locations
from .files import read_json, sha256_of, write_json


class ReadyMark:
    """Valid as long as the set-up's own files, the machine, the folders and the files named in it are the same."""

    def __init__(self, purpose: str, gpu: bool) -> None:
        self._path = locations.dependencies() / "ready" / f"{purpose}.json"
        self._gpu = gpu

    def is_valid(self) -> bool:
        mark = read_json(self._path)
        if not isinstance(mark, dict) or mark.get("fingerprint") != self._fingerprint():
            return False
        return all(Path(path).is_file() and Path(path).stat().st_size == size for path, size in mark["files"])

    def set(self, files: list[Path]) -> None:
        sizes = [[str(path), path.stat().st_size] for path in files]
        write_json(self._path, {"fingerprint": self._fingerprint(), "files": sizes})

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        own = [path for pattern in ("*.json", "setup/*.py", "debian/*") for path in locations.PACKAGING.glob(pattern)]
        for path in sorted(own):
            digest.update(f"{path.name} {sha256_of(path)}\n".encode())
        digest.update(f"{locations.libtorch()}\n{locations.models()}\n{self._gpu}\n".encode())
        return digest.hexdigest()
