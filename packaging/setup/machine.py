"""What kind of machine this is."""

from __future__ import annotations

import ctypes
import platform
from pathlib import Path

from .errors import UnsupportedMachine


def has_nvidia_driver() -> bool:
    """True when the kernel module or the user-space driver library is there."""
    if Path("/proc/driver/nvidia/version").exists():
        return True
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def require_supported() -> None:
    """The pinned wheels hold code for 64-bit x86 Linux only."""
    system, processor = platform.system(), platform.machine()
    if (system, processor) != ("Linux", "x86_64"):
        raise UnsupportedMachine(f"EpiChat's LibTorch is for Linux on x86_64, this machine is {system} on {processor}")
