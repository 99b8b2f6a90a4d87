"""Where things live. The same rules as core/base/paths.cpp and packaging/cmake/EpiFetched.cmake."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGING = Path(__file__).resolve().parent.parent


def _base(variable: str, under_home: str) -> Path:
    value = os.environ.get(variable, "")
    return Path(value) if value.startswith("/") else Path.home() / under_home


def dependencies() -> Path:
    """EPICHAT_DEPS, by default $XDG_CACHE_HOME/epichat: everything fetched that is not a model."""
    value = os.environ.get("EPICHAT_DEPS", "")
    if value:
        return Path(value).absolute()
    return _base("XDG_CACHE_HOME", ".cache") / "epichat"


def libtorch() -> Path:
    """Holds torch/ and nvidia/ as they lie in the wheels."""
    return dependencies() / "libtorch"


def grammars() -> Path:
    """One folder per grammar package and version."""
    return dependencies() / "grammars"


def models() -> Path:
    """One folder per model id."""
    return _base("XDG_DATA_HOME", ".local/share") / "epichat" / "models"
