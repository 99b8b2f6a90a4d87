"""Downloads one pinned package with pip, the ordinary client of whatever package index the person has configured."""

from __future__ import annotations

import contextlib
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

from .errors import NoNetwork, PackageGone, SetupError, TooLittleDisk, WrongBytes
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
_WRONG_HASH = re.compile(r"DO NOT MATCH THE HASHES.*?Got\s+([0-9a-f]{64})", re.DOTALL)
_ATTEMPTS = 3


@dataclass(frozen=True)
class Pin:
    """One version of a package, fixed by the sha256 of its file: a wheel, or an archive of its source."""

    package: str
    version: str
    sha256: str
    bytes: int
    is_source: bool = False

    @property
    def suffix(self) -> str:
        return ".tar.gz" if self.is_source else ".whl"

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


def download(pin: Pin, folder: Path) -> Path:
    """The file of `pin` as pip left it below `folder`, not yet verified. `folder` is emptied first."""
    for attempt in range(1, _ATTEMPTS + 1):
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "temporary").mkdir(parents=True)
        log = folder / "pip.log"
        code, received = _run(pin, folder, log)
        if code == 0:
            return _only_file(pin, folder)
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
    if wrong := _WRONG_HASH.search(log):
        return WrongBytes(f"{pin} was refused: its sha256 is {wrong.group(1)}, expected {pin.sha256}")
    if _NOT_FOUND.search(log):
        return PackageGone(f"{pin} is gone from the package index")
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    reason = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "no message")
    return SetupError(f"pip could not download {pin}: {reason}")


def _run(pin: Pin, folder: Path, log: Path) -> tuple[int, int]:
    """pip's exit code and the largest number of bytes seen on disk while it ran."""
    python = _python_for_sources(pin) if pin.is_source else sys.executable
    command = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "--retries", "3"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--dest", str(folder)]
    command += _source_arguments(pin, folder) if pin.is_source else [*_TAGS, f"{pin.package}=={pin.version}"]
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
                received = max(received, _largest_download(folder, pin.suffix))
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


def _source_arguments(pin: Pin, folder: Path) -> list[str]:
    """pip asks a source for its own metadata, which runs what is in it: only bytes with the pinned sha256, and with the
    build tools that are here instead of some that pip would fetch."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{pin.package}=={pin.version} --hash=sha256:{pin.sha256}\n", encoding="utf-8")
    return ["--no-binary", ":all:", "--no-build-isolation", "--require-hashes", "--requirement", str(requirements)]


def _python_for_sources(pin: Pin) -> str:
    """A Python with pip and its build tools: this one, or Debian's, whose pip brings them along."""
    found = "import importlib.util as i, sys; sys.exit(not all(map(i.find_spec, ('pip', 'setuptools', 'wheel'))))"
    for python in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            if subprocess.run([python, "-c", found], stderr=subprocess.DEVNULL, check=False).returncode == 0:
                return python
    raise SetupError(f"no Python with pip, setuptools and wheel is here to fetch {pin} with")


def _die_with_parent() -> None:
    """A set-up that is killed must not leave a pip behind that goes on downloading."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def _largest_download(folder: Path, suffix: str) -> int:
    """Bytes of the largest package below `folder`: pip writes it to its temporary folder first."""
    largest = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            if not name.endswith(suffix):
                continue
            try:
                largest = max(largest, os.stat(os.path.join(parent, name)).st_size)
            except FileNotFoundError:
                continue  # pip moved it between the listing and the look
    return largest


def _only_file(pin: Pin, folder: Path) -> Path:
    files = sorted(folder.glob(f"*{pin.suffix}"))
    if len(files) != 1:
        raise SetupError(f"pip said that it downloaded {pin}, but left {len(files)} files instead of 1 in {folder}")
    return files[0]
