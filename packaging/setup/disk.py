"""Room on the disk, asked for before a download instead of found out in its middle."""

from __future__ import annotations

import shutil
from pathlib import Path

from .errors import TooLittleDisk


def text_of(count: int) -> str:
    """A byte count as people read it: 7.2 MB, 98 MB, 1.12 GB."""
    if count >= 1e9:
        return f"{count / 1e9:.2f} GB"
    return f"{count / 1e6:.0f} MB" if count >= 1e7 else f"{count / 1e6:.1f} MB"


def require(folder: Path, count: int, what: str) -> None:
    """Raises TooLittleDisk, naming both numbers, when the file system of `folder` has less than `count` bytes free."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < count:
        raise TooLittleDisk(
            f"too little disk for {what}: {text_of(count)} are needed in {folder}, {text_of(free)} are free"
        )
