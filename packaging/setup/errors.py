"""What can go wrong in the set-up; each kind has its own exit code."""


class SetupError(Exception):
    """One sentence for the person in front of the screen."""

    exit_code = 1


class WrongArgument(SetupError):
    exit_code = 2


class NoNetwork(SetupError):
    exit_code = 4


class TooLittleDisk(SetupError):
    exit_code = 5


class PackageGone(SetupError):
    """The package index no longer has the pinned version."""

    exit_code = 6


class WrongBytes(SetupError):
    """Something was fetched, but its sha256 is not the pinned one."""

    exit_code = 7


class UnsupportedMachine(SetupError):
    exit_code = 8
