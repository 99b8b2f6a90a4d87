"""Puts a model together from the members of its packages, part by part, and verifies the result."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

from . import disk
from .errors import WrongBytes
from .files import read_json, sha256_of, write_json
from .model_table import Model, ModelFile, Part
from .progress import say
from .package_store import PackageStore


class ModelStore:
    """Models below `root`, one folder per id. A file that lies there under its own name is whole and verified."""

    def __init__(self, root: Path, store: PackageStore) -> None:
        self._root = root
        self._store = store

    def folder_of(self, model: Model) -> Path:
        return self._root / model.id

    def is_installed(self, model: Model) -> bool:
        """By the stamp, which holds size and modification time of each file when its sha256 was last computed."""
        stamp = read_json(self._stamp(model))
        return isinstance(stamp, dict) and stamp == self._state(model)

    def ensure(self, model: Model) -> None:
        """Installs `model` unless it is there. Files brought by other means are adopted when their sha256 is right."""
        if self.is_installed(model):
            return
        if not self._verified_in_place(model):
            self._assemble(model)
        write_json(self._stamp(model), self._state(model))

    def _verified_in_place(self, model: Model) -> bool:
        for file in model.files:
            path = self.folder_of(model) / file.name
            if not path.is_file():
                return False
            if path.stat().st_size != file.bytes or sha256_of(path) != file.sha256:
                say(f"{path} does not have the expected content; fetching it again")
                return False
        return True

    def _assemble(self, model: Model) -> None:
        work = self.folder_of(model) / ".partial"
        sizes = self._resume(model, work)
        done = sizes.pop("parts")
        remaining = model.parts[done:]
        to_write = model.bytes - sum(sizes.values())
        largest = max((part.pin.bytes for part in remaining), default=0)
        disk.require(self._root, to_write + 2 * largest, model.title)
        parts = f"{len(remaining)} of {len(model.parts)} parts to fetch"
        say(f"{model.title} ({model.licence}): {parts}, {disk.text_of(model.bytes)} in all")
        for number, part in enumerate(remaining, start=done + 1):
            self._append(part, work, sizes)
            write_json(work / "state.json", {"sha256": model.files[0].sha256, "parts": number, "sizes": sizes})
            self._store.drop(part.pin)  # only now: until the state is written, the part counts as missing
        for file in model.files:
            self._verify(model, file, work)
        for file in model.files:
            os.replace(work / file.name, self.folder_of(model) / file.name)
        shutil.rmtree(work, ignore_errors=True)
        for part in model.parts:
            self._store.drop(part.pin)

    def _resume(self, model: Model, work: Path) -> dict[str, int]:
        """Sizes by file after the last part that was written whole, and under "parts" how many those are."""
        fresh = {"parts": 0, **{file.name: 0 for file in model.files}}
        state = read_json(work / "state.json")
        if not isinstance(state, dict) or state.get("sha256") != model.files[0].sha256:
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir(parents=True)
            return fresh
        for name, size in state["sizes"].items():
            path = work / name
            if size and (not path.is_file() or path.stat().st_size < size):
                shutil.rmtree(work)
                work.mkdir(parents=True)
                return fresh
        return {"parts": state["parts"], **state["sizes"]}

    def _append(self, part: Part, work: Path, sizes: dict[str, int]) -> None:
        with zipfile.ZipFile(self._store.get(part.pin)) as archive:
            for member, name in part.members.items():
                with archive.open(member) as source, (work / name).open("ab") as target:
                    target.truncate(sizes[name])  # drops what an interrupted part left behind
                    shutil.copyfileobj(source, target, 1 << 20)
                    target.flush()
                    os.fsync(target.fileno())
                sizes[name] = (work / name).stat().st_size

    def _verify(self, model: Model, file: ModelFile, work: Path) -> None:
        found = sha256_of(work / file.name)
        if found != file.sha256:
            shutil.rmtree(work, ignore_errors=True)
            raise WrongBytes(f"{model.title} was refused: the sha256 of {file.name} is {found}, expected {file.sha256}")

    def _stamp(self, model: Model) -> Path:
        return self.folder_of(model) / ".verified.json"

    def _state(self, model: Model) -> dict:
        state = {}
        for file in model.files:
            path = self.folder_of(model) / file.name
            facts = path.stat() if path.is_file() else None
            state[file.name] = {
                "sha256": file.sha256,
                "size": facts.st_size if facts else -1,
                "modified": facts.st_mtime_ns if facts else -1,
            }
        return state
