"""Downloads one pinned wheel with pip, the ordinary client of whatever package index the person has configured."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .errors import NoNetwork, PackageGone, SetupError, TooLittleDisk
from .progress import Progress

# The tags are given because the Python that runs pip may be of another version. pip takes platform tags literally, so
# each older manylinux that a system with glibc 2.28 also accepts has to be named.
_TAGS = ["--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"]
for _minor in range(28, 4, -1):
    _TAGS += ["--platform", f"manylinux_2_{_minor}_x86_64"]
for _name in ("manylinux2014", "manylinux2010", "manylinux1", "linux"):
    _TAGS += ["--platform", f"{_name}_x86_64"]

_NETWORK = re.compile(
    r"after connection broken by|Failed to establish a new connection|Name or service not known|name resolution"
    r"|Network is unreachable|Connection refused|Connection reset|Connection broken|timed out|IncompleteRead|ProxyError"
    r"|Max retries exceeded|RemoteDisconnected"
)
_NOT_FOUND = re.compile(r"No matching distribution found|Could not find a version")
_ATTEMPTS = 3


@dataclass(frozen=True)
class Pin:
    """One version of a package, fixed by the sha256 of its wheel."""

    package: str
    version: str
    sha256: str
    bytes: int

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


def download(pin: Pin, folder: Path) -> Path:
    """The wheel of `pin` as pip left it below `folder`, not yet verified. `folder` is emptied first."""
    for attempt in range(1, _ATTEMPTS + 1):
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "temporary").mkdir(parents=True)
        log = folder / "pip.log"
        code, received = _run(pin, folder, log)
        if code == 0:
            return _only_wheel(pin, folder)
        error = failure(pin, log.read_text(encoding="utf-8", errors="replace"))
        # A connection that broke in the middle is worth another try; one that never stood has had pip's own retries.
        if not (isinstance(error, NoNetwork) and received > 0 and attempt < _ATTEMPTS):
            raise error
    raise AssertionError("unreachable")


def failure(pin: Pin, log: str) -> SetupError:
    """What pip's messages mean. An index out of reach also ends in "no matching distribution", hence the order."""
    if "No space left on device" in log:
        return TooLittleDisk(f"the disk is full: {pin} could not be stored")
    if _NETWORK.search(log):
        return NoNetwork(f"no network: pip could not reach the package index for {pin}")
    if _NOT_FOUND.search(log):
        return PackageGone(f"{pin} is gone from the package index")
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    reason = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "no message")
    return SetupError(f"pip could not download {pin}: {reason}")


def _run(pin: Pin, folder: Path, log: Path) -> tuple[int, int]:
    """pip's exit code and the largest number of bytes seen on disk while it ran."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "--retries", "3"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    command += [*_TAGS, "--dest", str(folder), f"{pin.package}=={pin.version}"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["TMPDIR"] = str(folder / "temporary")  # /tmp may be a small memory file system
    progress = Progress(str(pin), pin.bytes)
    received = 0
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=_die_with_parent,
        )
        try:
            while process.poll() is None:
                received = max(received, _largest_download(folder))
                progress.show(received)
                time.sleep(0.1)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode == 0:
        progress.show(pin.bytes)
    progress.end()
    return process.returncode, received


def _die_with_parent() -> None:
    """A set-up that is killed must not leave a pip behind that goes on downloading."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def _largest_download(folder: Path) -> int:
    """Bytes of the largest wheel below `folder`: pip writes it to its temporary folder first."""
    largest = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            if not name.endswith(".whl"):
                continue
            try:
                largest = max(largest, os.stat(os.path.join(parent, name)).st_size)
            except FileNotFoundError:
                continue  # pip moved it between the listing and the look
    return largest


def _only_wheel(pin: Pin, folder: Path) -> Path:
    wheels = sorted(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise SetupError(f"pip said that it downloaded {pin}, but left {len(wheels)} wheels instead of 1 in {folder}")
    return wheels[0]
