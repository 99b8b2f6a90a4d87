"""packaging/models.json: which models there are and from which packages each is put together."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from . import locations
from .pip_client import Pin


@dataclass(frozen=True)
class ModelFile:
    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Part:
    """One package. Each of its members is appended to a file of the model."""

    pin: Pin
    members: dict[str, str]


@dataclass(frozen=True)
class Model:
    id: str
    title: str
    role: str
    licence: str
    context: int
    files: list[ModelFile]
    parts: list[Part]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


@dataclass(frozen=True)
class ModelTable:
    models: dict[str, Model]
    chat_with_gpu: list[str]
    chat_without_gpu: list[str]
    embedder: str
    test_set: list[str]

    def default_chat(self, gpu: bool) -> list[str]:
        """Ids in the order of preference on a machine with or without an NVIDIA GPU."""
        return self.chat_with_gpu if gpu else self.chat_without_gpu


def load(path: Path = locations.PACKAGING / "models.json") -> ModelTable:
    content = json.loads(path.read_text(encoding="utf-8"))
    chat = content["default_chat"]
    return ModelTable(
        {row["id"]: _model(row) for row in content["models"]},
        chat["nvidia-driver"],
        chat["nothing"],
        content["default_embedder"],
        content["test_set"],
    )


def _model(row: dict) -> Model:
    files = [ModelFile(name, file["bytes"], file["sha256"]) for name, file in row["files"].items()]
    parts = [
        Part(Pin(part["package"], part["version"], part["sha256"], part["bytes"]), part["members"])
        for part in row["parts"]
    ]
    return Model(row["id"], row["title"], row["role"], row["licence"], row["context"], files, parts)
