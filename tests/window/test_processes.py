"""The window's processes as the system sees them: EPI_WINDOW names the program, EPI_PLAYED_ENGINE an engine."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from file_server import FileServer, Once  # noqa: E402

WINDOW = os.environ["EPI_WINDOW"]
ENGINE = os.environ["EPI_PLAYED_ENGINE"]
MODEL = b"GGUF" + random.Random(1).randbytes(300_000)


def status_of(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def is_running(pid: int) -> bool:
    return status_of(pid).get("State", "Z")[0] not in "ZX"


def children_of(pid: int) -> list[int]:
    numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [number for number in numbers if status_of(number).get("PPid") == str(pid)]


class WindowTest(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="epichat-window-")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.models = self.folder / "data/epichat/models"

    def start(self, steps: list[dict], engine: str = ENGINE, **environment: str) -> subprocess.Popen:
        script = self.folder / "script.json"
        script.write_text(json.dumps(steps))
        own = os.environ | {"XDG_DATA_HOME": str(self.folder / "data"), "XDG_CACHE_HOME": str(self.folder / "cache"),
                            "LC_ALL": "C.UTF-8", "LANGUAGE": "en"} | environment
        log = open(self.folder / "log.txt", "w")
        self.addCleanup(log.close)
        window = subprocess.Popen([WINDOW, "--db", str(self.folder / "epichat.db"), "--engine-command", engine,
                                   "--script", str(script)], env=own, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(self.stop, window)
        return window

    @staticmethod
    def stop(window: subprocess.Popen) -> None:
        if window.poll() is None:
            window.kill()
        window.wait()

    def log(self) -> str:
        return (self.folder / "log.txt").read_text()

    def wait_for(self, condition, what: str = "waited too long"):
        end = time.monotonic() + 60
        while True:
            found = condition()
            if found:
                return found
            self.assertLess(time.monotonic(), end, f"{what}\n{self.log()}")
            time.sleep(0.02)

    def processes_of(self, window: subprocess.Popen) -> tuple[int, int]:
        """Launcher and engine."""
        launcher = self.wait_for(lambda: children_of(window.pid), "no launcher")
        self.assertEqual(len(launcher), 1)
        engine = self.wait_for(lambda: children_of(launcher[0]), "no engine")
        self.assertEqual(len(engine), 1)
        return launcher[0], engine[0]

    def test_the_window_alone_has_no_network(self) -> None:
        window = self.start([{"do": "ready"}, {"do": "wait", "ms": 60_000}])
        launcher, engine = self.processes_of(window)
        self.wait_for(lambda: status_of(window.pid).get("Threads", "1") != "1")
        status = status_of(window.pid)
        self.assertEqual((status["Name"], status["Seccomp"], status["NoNewPrivs"]), ("epichat", "2", "1"))
        for thread in Path(f"/proc/{window.pid}/task").iterdir():
            self.assertIn("Seccomp:\t2", (thread / "status").read_text())
        libraries = Path(f"/proc/{window.pid}/maps").read_text()
        for library in ("libQt6Network", "libcurl", "libssl"):
            self.assertNotIn(library, libraries)
        status = status_of(launcher)
        self.assertEqual((status["Name"], status["Seccomp"], status["NoNewPrivs"]), ("epichat-launch", "0", "0"))
        status = status_of(engine)
        self.assertEqual((status["Name"], status["Seccomp"], status["NoNewPrivs"]), ("played_engine", "0", "0"))

    def test_a_chat_works_and_nothing_is_left(self) -> None:
        window = self.start([{"do": "ready"}, {"do": "new"}, {"do": "ask", "text": "What is the answer?"}, {"do": "wait", "ms": 500}])
        processes = self.processes_of(window)
        self.assertEqual(window.wait(timeout=60), 0, self.log())
        for process in processes:
            self.assertFalse(is_running(process))

    def test_nothing_is_left_of_a_killed_window(self) -> None:
        window = self.start([{"do": "ready"}, {"do": "wait", "ms": 60_000}])
        processes = self.processes_of(window)
        window.kill()
        window.wait()
        self.wait_for(lambda: not any(is_running(process) for process in processes), "processes are left")

    def test_an_engine_may_use_the_network(self) -> None:
        """As `ssh gpu-box epichat-engine` must: a script that asks a server first."""
        server = FileServer()
        self.addCleanup(server.close)
        server.files["hello"] = b"hello"
        remote = self.folder / "remote"
        remote.write_text(f"#!{sys.executable}\nimport os, urllib.request\n"
                          f"urllib.request.urlopen({server.url('hello')!r}).read()\nos.execv({ENGINE!r}, [{ENGINE!r}])\n")
        remote.chmod(0o700)
        window = self.start([{"do": "ready"}], engine=str(remote))
        self.assertEqual(window.wait(timeout=60), 0, self.log())
        self.assertEqual(len(server.requests), 1)

    def test_a_display_on_another_machine_is_reported(self) -> None:
        window = self.start([{"do": "wait", "ms": 60_000}], QT_QPA_PLATFORM="offscreen;xcb", DISPLAY="localhost:10.0")
        self.wait_for(lambda: "localhost:10.0" in self.log())
        self.assertIn("may open network connections", self.log())
        self.assertEqual(status_of(window.pid)["Seccomp"], "0")

    def download(self, server: FileServer, **step: object) -> dict:
        return {"do": "download", "url": server.url("model.gguf"), "timeout": 60} | step

    def test_a_download_by_the_window(self) -> None:
        server = FileServer()
        self.addCleanup(server.close)
        server.files["model.gguf"] = MODEL
        server.once = Once(cut_after=200_000)
        window = self.start([{"do": "ready"}, self.download(server)])
        self.assertEqual(window.wait(timeout=60), 1)
        self.assertIn("model.gguf was not fetched", self.log())
        self.assertEqual(sorted(path.name for path in self.models.iterdir()), ["model.gguf.part", "model.gguf.part.json"])
        window = self.start([{"do": "ready"}, self.download(server, sha256=hashlib.sha256(MODEL).hexdigest())])
        self.assertEqual(window.wait(timeout=60), 0, self.log())
        self.assertEqual([path.name for path in self.models.iterdir()], ["model.gguf"])
        self.assertEqual((self.models / "model.gguf").read_bytes(), MODEL)
        self.assertEqual([request.sent for request in server.requests], [200_000, len(MODEL) - 200_000])

    def test_a_download_ends_with_the_window(self) -> None:
        server = FileServer()
        self.addCleanup(server.close)
        server.files["model.gguf"] = MODEL
        server.once = Once(stall_after=100_000)
        window = self.start([{"do": "ready"}, self.download(server)])
        launcher, _ = self.processes_of(window)
        part = self.models / "model.gguf.part"
        self.wait_for(lambda: part.exists() and part.stat().st_size == 100_000)
        programs = children_of(launcher)
        self.assertEqual(len(programs), 2)
        window.send_signal(signal.SIGKILL)
        window.wait()
        self.wait_for(lambda: not any(is_running(program) for program in programs), "processes are left")
        self.assertEqual(part.stat().st_size, 100_000)


if __name__ == "__main__":
    unittest.main()
