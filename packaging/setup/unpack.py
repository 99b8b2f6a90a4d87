"""Unpacks members of a package so that what is in place is always whole."""

from __future__ import annotations

import os
import shutil
import tarfile
import time
import zipfile
from pathlib import Path, PurePosixPath

from .errors import WrongBytes


def extract(wheel: Path, prefixes: list[str], folder: Path) -> list[tuple[str, int]]:
    """Extracts the members below `prefixes` into the new folder `folder`; returns their names and sizes.

    Modification times are the wheel's, so that a second unpacking does not make a build look out of date.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    taken: list[tuple[str, int]] = []
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if member.is_dir() or not member.filename.startswith(tuple(prefixes)):
                continue
            target = folder / _safe(member.filename)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
            _restore(target, member)
            taken.append((member.filename, member.file_size))
    return taken


def extract_sources(archive: Path, members: dict[str, str], folder: Path) -> list[tuple[str, int]]:
    """Extracts `members` of a source archive, named below the one folder that it holds, into the new folder `folder`,
    each under its own name there; one that ends in a slash stands for all below it. Returns names and sizes.

    Modification times are the archive's.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    taken: list[tuple[str, int]] = []
    lacking = set(members)
    with tarfile.open(archive) as sources:
        for member in sources:
            name = member.name.partition("/")[2]
            wanted = next((key for key in members if name == key or (key.endswith("/") and name.startswith(key))), None)
            if wanted is None or not member.isreg():
                continue
            lacking.discard(wanted)
            new_name = members[wanted] + name.removeprefix(wanted)
            target = folder / _safe(new_name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with sources.extractfile(member) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
            stamp = min(member.mtime, time.time())
            os.utime(target, (stamp, stamp))
            taken.append((new_name, member.size))
    if lacking:
        raise WrongBytes(f"{archive.name} lacks {', '.join(sorted(lacking))}")
    return taken


def swap_in(source: Path, target: Path) -> None:
    """Puts the folder `source` in the place of `target`, whose old content goes away afterwards."""
    outgoing = target.with_name(target.name + ".outgoing")
    shutil.rmtree(outgoing, ignore_errors=True)
    if target.exists():
        os.rename(target, outgoing)
    os.rename(source, target)
    shutil.rmtree(outgoing, ignore_errors=True)


def merge_in(source: Path, target: Path) -> None:
    """Moves each file below `source` to the same place below `target`; a file there is replaced as a whole."""
    for parent, _, names in os.walk(source):
        place = target / Path(parent).relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        for name in names:
            os.replace(os.path.join(parent, name), place / name)


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise WrongBytes(f"a package names the file {name!r}, which lies outside its folder")
    return path


def _restore(target: Path, member: zipfile.ZipInfo) -> None:
    mode = (member.external_attr >> 16) & 0o777
    if mode:
        target.chmod(mode | 0o600)
    # A time in the future would make the build system start over at each call.
    stamp = min(time.mktime((*member.date_time, 0, 0, -1)), time.time())
    os.utime(target, (stamp, stamp))
