"""The set-up modules against fake wheels in a folder: pip runs for real, but with no index."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "packaging"))

import test_report  # noqa: E402
from setup import commands, disk, grammars, libtorch, locations, model_table, pip_client, unpack  # noqa: E402
from setup.errors import NoNetwork, PackageGone, SetupError, TooLittleDisk, WrongBytes  # noqa: E402
from setup.grammars import Grammars, GrammarSource  # noqa: E402
from setup.libtorch import LibraryWheel, LibTorch  # noqa: E402
from setup.model_store import ModelStore  # noqa: E402
from setup.model_table import Model, ModelFile, Part  # noqa: E402
from setup.pip_client import Pin  # noqa: E402
from setup.package_store import PackageStore  # noqa: E402


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@unittest.skipUnless(importlib.util.find_spec("pip"), f"{sys.executable} has no pip")
class Offline(unittest.TestCase):
    """A folder of wheels as the only place where pip looks."""

    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="epichat-setup-")
        self.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name)
        self.shelf = self.root / "shelf"
        self.shelf.mkdir()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.shelf), "PIP_CONFIG_FILE": os.devnull}
        environment |= {"EPICHAT_DEPS": str(self.root / "deps"), "XDG_DATA_HOME": str(self.root / "data")}
        patch = mock.patch.dict(os.environ, environment, clear=True)
        patch.start()
        self.addCleanup(patch.stop)
        self.store = PackageStore(self.root / "deps/wheels")
        self.models = ModelStore(self.root / "models", self.store)

    def put_on_shelf(self, package: str, members: dict[str, bytes]) -> Pin:
        module = package.replace("-", "_")
        path = self.shelf / f"{module}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
            archive.writestr(f"{module}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
            archive.writestr(f"{module}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{module}-1.0.dist-info/RECORD", "")
        content = path.read_bytes()
        return Pin(package, "1.0", sha256(content), len(content))

    def put_source_on_shelf(self, package: str, members: dict[str, bytes]) -> Pin:
        name = f"{package.replace('-', '_')}-1.0"
        script = b"from setuptools import setup\nfrom wheel.bdist_wheel import bdist_wheel\nsetup(packages=[])\n"
        about = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n".encode()
        project = f"[project]\nname = \"{package}\"\nversion = \"1.0\"\n".encode()
        project += b"[build-system]\nrequires = [\"setuptools\", \"wheel\"]\nbuild-backend = \"setuptools.build_meta\"\n"
        path = self.shelf / f"{name}.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            files = {"setup.py": script, "pyproject.toml": project, "PKG-INFO": about, **members}
            for member, content in files.items():
                entry = tarfile.TarInfo(f"{name}/{member}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        content = path.read_bytes()
        return Pin(package, "1.0", sha256(content), len(content), is_source=True)

    def take_off_shelf(self, pin: Pin) -> None:
        middle = "" if pin.is_source else "-py3-none-any"
        (self.shelf / f"{pin.package.replace('-', '_')}-1.0{middle}{pin.suffix}").unlink()

    def three_part_model(self) -> Model:
        content = [b"first " * 100, b"second " * 100, b"third " * 100]
        parts = [
            Part(self.put_on_shelf(f"epi-fake-part{n}", {f"epi_fake/{n}.bin": piece}), {f"epi_fake/{n}.bin": "fake.gguf"})
            for n, piece in enumerate(content)
        ]
        whole = b"".join(content)
        return Model("fake", "Fake", "chat", "none", 1, [ModelFile("fake.gguf", len(whole), sha256(whole))], parts)

    def library(self, package: str, members: dict[str, bytes]) -> LibraryWheel:
        pin = self.put_on_shelf(package, members)
        top = next(iter(members)).split("/")[0] + "/"
        return LibraryWheel(pin, sum(map(len, members.values())), [top], False)


class PackageStoreTest(Offline):
    def test_fetches_a_wheel_only_once(self) -> None:
        pin = self.put_on_shelf("epi-fake", {"epi_fake/a": b"a"})
        path = self.store.get(pin)
        self.take_off_shelf(pin)
        self.assertEqual(self.store.get(pin), path)

    def test_refuses_other_bytes_than_the_pinned_ones(self) -> None:
        pin = self.put_on_shelf("epi-fake", {"epi_fake/a": b"a"})
        self.put_on_shelf("epi-fake", {"epi_fake/a": b"b"})
        with self.assertRaisesRegex(WrongBytes, f"expected {pin.sha256}"):
            self.store.get(pin)
        self.assertFalse(self.store.path_of(pin).exists())

    def test_fetches_a_damaged_wheel_again(self) -> None:
        pin = self.put_on_shelf("epi-fake", {"epi_fake/a": b"a"})
        path = self.store.get(pin)
        path.write_bytes(b"damaged")
        self.store.get(pin)
        self.assertEqual(sha256(path.read_bytes()), pin.sha256)

    def test_says_when_a_package_is_gone(self) -> None:
        with self.assertRaisesRegex(PackageGone, "epi-gone 1.0 is gone"):
            self.store.get(Pin("epi-gone", "1.0", "0" * 64, 1))


    def test_fetches_a_source_only_once(self) -> None:
        pin = self.put_source_on_shelf("epi-fake", {"src/a.c": b"a"})
        path = self.store.get(pin)
        self.take_off_shelf(pin)
        self.assertEqual(self.store.get(pin), path)

    def test_refuses_a_source_with_other_bytes_before_it_runs_what_is_in_it(self) -> None:
        pin = self.put_source_on_shelf("epi-fake", {"src/a.c": b"a"})
        trace = self.root / "it-ran"
        self.put_source_on_shelf("epi-fake", {"setup.py": f"open({str(trace)!r}, 'w')".encode()})
        with self.assertRaisesRegex(WrongBytes, f"expected {pin.sha256}"):
            self.store.get(pin)
        self.assertFalse(trace.exists())
        self.assertFalse(self.store.path_of(pin).exists())


class PipMessagesTest(unittest.TestCase):
    PIN = Pin("epi-fake", "1.0", "0" * 64, 1)

    def test_a_broken_connection_is_no_network_even_when_nothing_was_found(self) -> None:
        log = "WARNING: Retrying after connection broken by 'NewConnectionError'\nERROR: No matching distribution found for x"
        self.assertIsInstance(pip_client.failure(self.PIN, log), NoNetwork)

    def test_a_full_disk_is_too_little_disk(self) -> None:
        log = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
        self.assertIsInstance(pip_client.failure(self.PIN, log), TooLittleDisk)

    def test_anything_else_is_quoted(self) -> None:
        self.assertIn("ERROR: odd", str(pip_client.failure(self.PIN, "ERROR: odd\nnote: more")))


class LibTorchTest(Offline):
    def setUp(self) -> None:
        super().setUp()
        self.tree = self.root / "deps/libtorch"
        self.libtorch = LibTorch(self.tree, self.store)
        self.wheels = [
            self.library("epi-runtime", {"nvidia/cu13/lib/one.so": b"one"}),
            self.library("epi-tools", {"nvidia/cu13/lib/two.so": b"two"}),
            self.library("torch", {"torch/lib/libtorch_cpu.so": b"cpu", "torch/include/a.h": b"a"}),
        ]

    def test_merges_the_wheels_into_one_tree(self) -> None:
        self.libtorch.ensure(self.wheels)
        found = sorted(str(path.relative_to(self.tree)) for path in self.tree.glob("[nt]*/**/*.*"))
        self.assertEqual(
            found, ["nvidia/cu13/lib/one.so", "nvidia/cu13/lib/two.so", "torch/include/a.h", "torch/lib/libtorch_cpu.so"]
        )

    def test_does_nothing_the_second_time(self) -> None:
        self.libtorch.ensure(self.wheels)
        shutil.rmtree(self.shelf)
        self.libtorch.ensure(self.wheels)

    def test_notices_a_file_that_was_cut_short(self) -> None:
        self.libtorch.ensure(self.wheels)
        (self.tree / "torch/lib/libtorch_cpu.so").write_bytes(b"c")
        self.libtorch.ensure(self.wheels)
        self.assertEqual((self.tree / "torch/lib/libtorch_cpu.so").read_bytes(), b"cpu")

    def test_replaces_a_tree_that_was_unpacked_by_hand(self) -> None:
        (self.tree / "torch/lib").mkdir(parents=True)
        (self.tree / "torch/lib/libtorch_cpu.so").write_bytes(b"of another version")
        self.libtorch.ensure(self.wheels)
        self.assertEqual((self.tree / "torch/lib/libtorch_cpu.so").read_bytes(), b"cpu")

    def test_an_interrupted_unpacking_leaves_no_torch_and_is_done_again_without_fetching(self) -> None:
        with mock.patch.object(unpack, "swap_in", side_effect=KeyboardInterrupt), self.assertRaises(KeyboardInterrupt):
            self.libtorch.ensure(self.wheels)
        self.assertFalse((self.tree / "torch").exists())
        shutil.rmtree(self.shelf)
        self.libtorch.ensure(self.wheels)
        self.assertTrue((self.tree / "torch/lib/libtorch_cpu.so").exists())

    def test_refuses_a_member_outside_the_folder(self) -> None:
        wheel = self.library("epi-evil", {"nvidia/../../evil": b"x"})
        with self.assertRaises(WrongBytes):
            self.libtorch.ensure([wheel])
        self.assertFalse((self.tree.parent / "evil").exists())

    def test_too_little_disk_names_both_numbers_before_anything_is_fetched(self) -> None:
        with mock.patch.object(disk.shutil, "disk_usage", return_value=mock.Mock(free=0)):
            with self.assertRaisesRegex(TooLittleDisk, r"MB are needed in .*libtorch, 0.0 MB are free"):
                self.libtorch.ensure(self.wheels)
        self.assertFalse(self.store.path_of(self.wheels[0].pin).exists())


class GrammarsTest(Offline):
    def setUp(self) -> None:
        super().setUp()
        self.grammars = Grammars(self.root / "deps/grammars", self.store)
        self.library = self.source("epi-library", {"lib/src/": "core/"}, {"lib/src/lib.c": b"lib", "lib/src/u/a.h": b"a"}, [])
        self.one = self.source("epi-one", {"src/parser.c": "one/parser.c"}, {"src/parser.c": b"one", "src/other.c": b"o"}, ["One"])

    def source(self, package: str, members: dict[str, str], files: dict[str, bytes], titles: list[str]) -> GrammarSource:
        return GrammarSource(self.put_source_on_shelf(package, files), sum(map(len, files.values())), members, titles)

    def names(self, source: GrammarSource) -> set[str]:
        folder = self.grammars.folder_of(source)
        return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")}

    def test_takes_the_named_files_and_folders(self) -> None:
        self.assertFalse(self.grammars.ensure([self.library, self.one]))
        self.assertEqual(self.names(self.library), {"core/lib.c", "core/u/a.h"})
        self.assertEqual(self.names(self.one), {"one/parser.c"})
        self.assertEqual((self.grammars.folder_of(self.one) / "one/parser.c").read_bytes(), b"one")

    def test_does_nothing_the_second_time(self) -> None:
        self.grammars.ensure([self.library, self.one])
        shutil.rmtree(self.shelf)
        self.assertFalse(self.grammars.ensure([self.library, self.one]))
        self.assertTrue(self.grammars.is_complete(self.one))

    def test_fetches_again_what_was_cut_short(self) -> None:
        self.grammars.ensure([self.one])
        (self.grammars.folder_of(self.one) / "one/parser.c").write_bytes(b"o")
        self.assertFalse(self.grammars.is_complete(self.one))
        self.grammars.ensure([self.one])
        self.assertTrue(self.grammars.is_complete(self.one))

    def test_an_interrupted_unpacking_is_done_again_without_fetching(self) -> None:
        with mock.patch.object(unpack, "swap_in", side_effect=KeyboardInterrupt), self.assertRaises(KeyboardInterrupt):
            self.grammars.ensure([self.one])
        self.assertFalse(self.grammars.folder_of(self.one).exists())
        shutil.rmtree(self.shelf)
        self.grammars.ensure([self.one])
        self.assertTrue(self.grammars.is_complete(self.one))

    def test_goes_on_without_a_package_that_is_gone_and_says_so(self) -> None:
        self.take_off_shelf(self.one.pin)
        two = self.source("epi-two", {"src/parser.c": "two/parser.c"}, {"src/parser.c": b"two"}, ["Two"])
        with mock.patch.object(grammars, "say") as said:
            self.assertFalse(self.grammars.ensure([self.library, self.one, two]))  # no later try will find it
        said.assert_called_with("epi-one 1.0 is gone from the package index; One will be shown without colours")
        self.assertFalse(self.grammars.is_complete(self.one))
        self.assertTrue(self.grammars.is_complete(two))

    def test_tries_again_later_what_came_with_other_bytes(self) -> None:
        self.put_source_on_shelf("epi-one", {"src/parser.c": b"other"})
        self.assertTrue(self.grammars.ensure([self.one]))
        self.assertFalse(self.grammars.is_complete(self.one))

    def test_fetches_no_grammar_when_the_library_is_gone(self) -> None:
        self.take_off_shelf(self.library.pin)
        self.assertFalse(self.grammars.ensure([self.library, self.one]))
        self.assertFalse(self.grammars.folder_of(self.one).exists())

    def test_refuses_an_archive_without_what_is_wanted(self) -> None:
        lacking = GrammarSource(self.one.pin, 1, {"src/parser.c": "a.c", "src/scanner.c": "b.c"}, ["One"])
        self.assertTrue(self.grammars.ensure([lacking]))
        self.assertFalse(self.grammars.folder_of(lacking).exists())

    def test_takes_no_link_and_writes_nothing_outside(self) -> None:
        archive = self.root / "evil.tar.gz"
        with tarfile.open(archive, "w:gz") as content:
            link = tarfile.TarInfo("evil-1.0/src/parser.c")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            content.addfile(link)
            up = tarfile.TarInfo("evil-1.0/src/../../../up.c")
            content.addfile(up, io.BytesIO(b""))
        with self.assertRaises(WrongBytes):
            unpack.extract_sources(archive, {"src/": "src/"}, self.root / "out/in")
        self.assertFalse((self.root / "up.c").exists())
        with self.assertRaises(WrongBytes):
            unpack.extract_sources(archive, {"src/parser.c": "parser.c"}, self.root / "out/in")

    def test_too_little_disk_stops_before_anything_is_fetched(self) -> None:
        with mock.patch.object(disk.shutil, "disk_usage", return_value=mock.Mock(free=0)):
            with self.assertRaisesRegex(TooLittleDisk, "the grammars"):
                self.grammars.ensure([self.one])


class ModelStoreTest(Offline):
    def test_puts_the_parts_together_in_order(self) -> None:
        model = self.three_part_model()
        self.models.ensure(model)
        content = (self.models.folder_of(model) / "fake.gguf").read_bytes()
        self.assertEqual(sha256(content), model.files[0].sha256)
        self.assertTrue(self.models.is_installed(model))

    def test_goes_on_after_the_last_whole_part(self) -> None:
        model = self.three_part_model()
        third = self.shelf / "epi_fake_part2-1.0-py3-none-any.whl"
        kept = third.rename(self.root / "kept.whl")
        with self.assertRaises(PackageGone):
            self.models.ensure(model)
        self.assertFalse((self.models.folder_of(model) / "fake.gguf").exists())
        with (self.models.folder_of(model) / ".partial/fake.gguf").open("ab") as stream:
            stream.write(b"half of the third part")  # what a kill in the middle leaves
        shutil.rmtree(self.shelf)
        self.shelf.mkdir()
        kept.rename(third)
        self.models.ensure(model)
        self.assertTrue(self.models.is_installed(model))

    def test_refuses_a_model_whose_whole_has_other_bytes(self) -> None:
        model = self.three_part_model()
        wrong = ModelFile("fake.gguf", model.files[0].bytes, "0" * 64)
        model = Model("fake", "Fake", "chat", "none", 1, [wrong], model.parts)
        with self.assertRaisesRegex(WrongBytes, "fake.gguf"):
            self.models.ensure(model)
        self.assertFalse((self.models.folder_of(model) / "fake.gguf").exists())

    def test_adopts_a_model_that_was_copied_there(self) -> None:
        model = self.three_part_model()
        shutil.rmtree(self.shelf)
        self.models.folder_of(model).mkdir(parents=True)
        (self.models.folder_of(model) / "fake.gguf").write_bytes(b"first " * 100 + b"second " * 100 + b"third " * 100)
        self.models.ensure(model)
        self.assertTrue(self.models.is_installed(model))

    def test_fetches_a_changed_model_again(self) -> None:
        model = self.three_part_model()
        self.models.ensure(model)
        (self.models.folder_of(model) / "fake.gguf").write_bytes(b"changed")
        self.assertFalse(self.models.is_installed(model))
        self.models.ensure(model)
        self.assertTrue(self.models.is_installed(model))

    def test_takes_several_files_from_one_package(self) -> None:
        pin = self.put_on_shelf("epi-fake", {"m/weights": b"w", "m/vocab": b"v", "m/other": b"o"})
        files = [ModelFile("weights", 1, sha256(b"w")), ModelFile("vocab", 1, sha256(b"v"))]
        model = Model("two", "Two", "embedder", "none", 1, files, [Part(pin, {"m/weights": "weights", "m/vocab": "vocab"})])
        self.models.ensure(model)
        visible = {path.name for path in self.models.folder_of(model).iterdir() if not path.name.startswith(".")}
        self.assertEqual(visible, {"weights", "vocab"})


class CommandsTest(Offline):
    def setUp(self) -> None:
        super().setUp()
        pin = self.put_source_on_shelf("epi-grammar", {"src/parser.c": b"p"})
        self.sources = [GrammarSource(pin, 1, {"src/parser.c": "parser.c"}, ["One"])]

    def prepare_with(self, chat: list[str], models: list[Model]) -> None:
        table = model_table.ModelTable({model.id: model for model in models}, chat, chat, chat[-1], chat)
        with mock.patch.object(model_table, "load", return_value=table), mock.patch.object(
            libtorch, "table", return_value=[self.library("torch", {"torch/lib/libtorch_cpu.so": b"cpu"})]
        ), mock.patch.object(grammars, "table", return_value=self.sources):
            commands.prepare("run")

    def test_is_ready_after_everything_was_fetched_and_not_after_a_file_went(self) -> None:
        model = self.three_part_model()
        self.assertFalse(commands.is_ready("run"))
        self.prepare_with(["fake"], [model])
        self.assertTrue(commands.is_ready("run"))
        (locations.models() / "fake/fake.gguf").unlink()
        self.assertFalse(commands.is_ready("run"))

    def test_goes_on_with_the_next_model_when_a_package_is_gone(self) -> None:
        model = self.three_part_model()
        gone = Model("gone", "Gone", "chat", "none", 1, model.files, [Part(Pin("epi-gone", "1.0", "0" * 64, 1), {"a": "fake.gguf"})])
        self.prepare_with(["gone", "fake"], [gone, model])
        self.assertTrue((locations.models() / "fake/fake.gguf").exists())
        self.assertFalse(commands.is_ready("run"))

    def test_a_grammar_that_is_gone_stops_nothing_and_is_not_asked_for_at_each_start(self) -> None:
        model = self.three_part_model()
        self.take_off_shelf(self.sources[0].pin)
        self.prepare_with(["fake"], [model])
        self.assertTrue(commands.is_ready("run"))

    def test_a_grammar_that_was_refused_is_asked_for_at_the_next_start(self) -> None:
        model = self.three_part_model()
        self.put_source_on_shelf("epi-grammar", {"src/parser.c": b"other"})
        self.prepare_with(["fake"], [model])
        self.assertFalse(commands.is_ready("run"))

    def test_a_wrong_argument_has_its_exit_code_and_names_the_command_that_was_given(self) -> None:
        for arguments, expected in (
            (["models", "get", "fish"], "fish"),
            (["models"], "usage: ./run.sh models "),
            (["models", "put"], "usage: ./run.sh models "),
            (["models", "get"], "usage: ./run.sh models get "),
        ):
            command = [sys.executable, "-m", "setup", *arguments]
            finished = subprocess.run(command, cwd=locations.PACKAGING, capture_output=True, text=True, check=False)
            self.assertEqual(finished.returncode, 2, arguments)
            self.assertIn(expected, finished.stderr)

    def test_names_a_folder_that_may_not_be_written(self) -> None:
        command = [sys.executable, "-m", "setup", "prepare", "run"]
        environment = {**os.environ, "EPICHAT_DEPS": "/dev/null/deps"}
        finished = subprocess.run(
            command, cwd=locations.PACKAGING, env=environment, capture_output=True, text=True, check=False
        )
        self.assertEqual(finished.returncode, 1)
        self.assertRegex(finished.stderr, r"^epichat: set-up failed: Not a directory: /dev/null\S*\n$")

    def test_names_an_unknown_model(self) -> None:
        with self.assertRaisesRegex(SetupError, "there is no model fish"):
            commands.get_models(["fish"])


class TablesTest(unittest.TestCase):
    def test_each_member_goes_to_a_file_of_its_model_and_each_file_has_a_member(self) -> None:
        for model in model_table.load().models.values():
            targets = {name for part in model.parts for name in part.members.values()}
            self.assertEqual(targets, {file.name for file in model.files}, model.id)

    def test_ids_and_file_names_are_plain_names(self) -> None:
        for model in model_table.load().models.values():
            for name in [model.id, *(file.name for file in model.files)]:
                self.assertRegex(name, r"^[A-Za-z0-9][A-Za-z0-9._-]*$")

    def test_every_hash_is_a_sha256_and_no_pin_occurs_twice(self) -> None:
        table = model_table.load()
        pins = [wheel.pin for wheel in libtorch.table()] + [part.pin for model in table.models.values() for part in model.parts]
        pins += [source.pin for source in grammars.table()]
        hashes = [pin.sha256 for pin in pins] + [file.sha256 for model in table.models.values() for file in model.files]
        self.assertTrue(all(re.fullmatch("[0-9a-f]{64}", value) for value in hashes))
        self.assertEqual(len(set(hashes)), len(hashes))
        self.assertTrue(all(pin.bytes > 0 for pin in pins))

    def test_the_defaults_and_the_test_set_are_known_models(self) -> None:
        table = model_table.load()
        for id in [*table.chat_with_gpu, *table.chat_without_gpu]:
            self.assertEqual(table.models[id].role, "chat")
        self.assertEqual(table.models[table.embedder].role, "embedder")
        self.assertLessEqual(set(table.test_set), set(table.models))

    def test_the_library_of_all_grammars_comes_first(self) -> None:
        self.assertEqual([not source.titles for source in grammars.table()], [True] + [False] * (len(grammars.table()) - 1))

    def test_every_language_has_its_rules_and_a_scanner_of_ours_where_it_asks_for_one(self) -> None:
        root = locations.PACKAGING.parent
        rows = json.loads((locations.PACKAGING / "grammars.json").read_text(encoding="utf-8"))["sources"]
        known: set[str] = set()
        for language in [language for row in rows for language in row["languages"]]:
            for rules in language["rules"]:
                self.assertTrue((root / "resources/highlight" / f"{rules}.rules").is_file(), rules)
            if "scanner" in language:
                self.assertTrue((root / "ui/highlight/scanners" / language["scanner"]).is_file())
            self.assertIn(language.get("needs", language["id"]), known | {language["id"]})
            known.add(language["id"])

    def test_torch_is_installed_last(self) -> None:
        self.assertEqual([wheel.pin.package for wheel in libtorch.table()].index("torch"), len(libtorch.table()) - 1)


class TestReportTest(unittest.TestCase):
    def report(self, *cases: str) -> test_report.Counts:
        text = f"<testsuite>{''.join(cases)}</testsuite>"
        return test_report.count(test_report.ElementTree.fromstring(text))

    def test_counts_functions_of_qt_tests_without_their_frame(self) -> None:
        counts = self.report(
            "<testcase name='tst_a' status='run'><system-out>PASS   : A::initTestCase()\nPASS   : A::one()\n"
            "SKIP   : A::two(row) no model at x\n   Loc: [a.cpp(3)]\nPASS   : A::cleanupTestCase()\n</system-out></testcase>"
        )
        self.assertEqual((counts.passed, counts.failed, counts.skipped), (1, [], ["tst_a A::two(row): no model at x"]))

    def test_a_crash_counts_as_one_failure(self) -> None:
        counts = self.report(
            "<testcase name='tst_a' status='fail'><failure message='SEGFAULT'/><system-out>PASS   : A::one()\n</system-out></testcase>"
        )
        self.assertEqual((counts.passed, counts.failed), (1, ["tst_a: SEGFAULT"]))

    def test_a_failing_function_is_named_once(self) -> None:
        counts = self.report(
            "<testcase name='tst_a' status='fail'><failure message='Failed'/>"
            "<system-out>FAIL!  : A::one() Compared values are not the same\n</system-out></testcase>"
        )
        self.assertEqual(counts.failed, ["tst_a A::one(): Compared values are not the same"])

    def test_a_plain_test_counts_once(self) -> None:
        self.assertEqual(self.report("<testcase name='layering' status='run'><system-out>fine</system-out></testcase>").passed, 1)

    def test_reads_unittest_lines(self) -> None:
        counts = self.report(
            "<testcase name='setup' status='run'><system-out>test_a (m.T.test_a) ... ok\n"
            "test_b (m.T.test_b) ... skipped 'no pip'\n</system-out></testcase>"
        )
        self.assertEqual((counts.passed, counts.skipped), (1, ["setup test_b (m.T.test_b): no pip"]))


if __name__ == "__main__":
    unittest.main()
