"""Verified packages on disk: fetched once, kept until what they hold is in place."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from . import pip_client
from .errors import WrongBytes
from .files import sha256_of
from .pip_client import Pin
from .progress import say


class PackageStore:
    def __init__(self, root: Path) -> None:
        self._root = root

    def path_of(self, pin: Pin) -> Path:
        return self._root / f"{pin.package}-{pin.version}-{pin.sha256[:12]}{pin.suffix}"

    def holds(self, pin: Pin) -> bool:
        return self.path_of(pin).is_file() and self.path_of(pin).stat().st_size == pin.bytes

    def get(self, pin: Pin) -> Path:
        """The verified package. A damaged one is fetched again; when what comes is not the pinned one, WrongBytes."""
        kept = self.path_of(pin)
        if kept.is_file():
            if sha256_of(kept) == pin.sha256:
                return kept
            say(f"{kept} is damaged; fetching it again")
            kept.unlink()
        folder = self._root / "partial" / pin.package
        fetched = pip_client.download(pin, folder)
        found = sha256_of(fetched)
        if found != pin.sha256:
            shutil.rmtree(folder, ignore_errors=True)
            raise WrongBytes(f"{pin} was refused: its sha256 is {found}, expected {pin.sha256}")
        os.replace(fetched, kept)
        shutil.rmtree(folder, ignore_errors=True)
        return kept

    def drop(self, pin: Pin) -> None:
        self.path_of(pin).unlink(missing_ok=True)
