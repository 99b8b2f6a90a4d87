"""The commands that run.sh and test.sh give."""

from __future__ import annotations

from pathlib import Path

from . import disk, grammars, libtorch, locations, machine, model_table
from .errors import NoNetwork, PackageGone, SetupError, WrongArgument, WrongBytes
from .files import locked
from .model_store import ModelStore
from .model_table import Model, ModelTable
from .progress import say
from .ready import ReadyMark
from .package_store import PackageStore


def is_ready(purpose: str) -> bool:
    return ReadyMark(purpose, machine.has_nvidia_driver()).is_valid()


def forget(purpose: str) -> None:
    ReadyMark(purpose, machine.has_nvidia_driver()).remove()


def prepare(purpose: str) -> None:
    """LibTorch, the grammars and the models for `purpose`: "run" (one chat model and the embedder) or "test" (the test set)."""
    machine.require_supported()
    gpu = machine.has_nvidia_driver()
    with locked(locations.dependencies() / "lock"):
        store = _package_store()
        tree = libtorch.LibTorch(locations.libtorch(), store)
        tree.ensure([wheel for wheel in libtorch.table() if gpu or not wheel.for_gpu])
        sources = grammars.table()
        fetched = grammars.Grammars(locations.grammars(), store)
        lacks_grammars = fetched.ensure(sources)
        table = model_table.load()
        models = ModelStore(locations.models(), store)
        wanted = _fetch_test_set(table, models) if purpose == "test" else _fetch_defaults(table, models, gpu)
    if wanted is not None and not lacks_grammars:
        files = [models.folder_of(model) / file.name for model in wanted for file in model.files]
        files += [fetched.stamp_of(source) for source in sources if fetched.is_complete(source)]
        ReadyMark(purpose, gpu).set([locations.libtorch() / "torch/lib/libtorch_cpu.so", *files])


def list_models() -> None:
    table = model_table.load()
    models = ModelStore(locations.models(), _package_store())
    preferred = table.default_chat(machine.has_nvidia_driver())[0]
    for model in table.models.values():
        state = "installed" if models.is_installed(model) else "-"
        note = "default on this machine" if model.id in (preferred, table.embedder) else ""
        size = disk.text_of(model.bytes)
        print(f"{model.id:38} {model.role:9} {size:>8}  {model.licence:12} {state:10} {note}".rstrip())


def get_models(ids: list[str]) -> None:
    table = model_table.load()
    unknown = [id for id in ids if id not in table.models]
    if unknown:
        raise WrongArgument(f"there is no model {unknown[0]}; the known ones are {', '.join(table.models)}")
    failed: SetupError | None = None
    with locked(locations.dependencies() / "lock"):
        models = ModelStore(locations.models(), _package_store())
        for id in ids:
            try:
                models.ensure(table.models[id])
                say(f"{id} is in {models.folder_of(table.models[id])}")
            except (PackageGone, WrongBytes) as error:
                say(f"{error}; {id} is left out")
                failed = error
    if failed is not None:
        raise failed


def _package_store() -> PackageStore:
    return PackageStore(locations.dependencies() / "wheels")


def _fetch_defaults(table: ModelTable, models: ModelStore, gpu: bool) -> list[Model] | None:
    """The chat model for this machine and the embedder; None when something else had to do."""
    ids = table.default_chat(gpu)
    reason = "an NVIDIA driver is here" if gpu else "no NVIDIA driver is here"
    say(f"default chat model: {ids[0]} ({reason})")
    chat = _first_available([table.models[id] for id in ids], models)
    embedder = _first_available([table.models[table.embedder]], models)
    if chat is None:
        say("no chat model could be fetched; ./run.sh models list names others")
    if embedder is None:
        say("the embedder could not be fetched; the next start tries again")
    complete = chat is not None and embedder is not None and chat.id == ids[0]
    return [chat, embedder] if complete else None


def _first_available(candidates: list[Model], models: ModelStore) -> Model | None:
    for model in candidates:
        try:
            models.ensure(model)
            return model
        except (PackageGone, WrongBytes) as error:
            say(f"{error}; {model.id} is left out")
        except NoNetwork as error:
            installed = next((other for other in candidates if models.is_installed(other)), None)
            if installed is None:
                raise
            say(f"{error}; using {installed.id}")
            return installed
    return None


def _fetch_test_set(table: ModelTable, models: ModelStore) -> list[Model] | None:
    """The models of the tests; a test whose model is gone skips and says so."""
    fetched = [_first_available([table.models[id]], models) for id in table.test_set]
    return None if None in fetched else fetched
