"""python3 -m setup: what to bring; see commands.py."""

from __future__ import annotations

import argparse
import errno
import sys

from . import commands
from .errors import SetupError, TooLittleDisk
from .progress import say


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="setup", description="brings LibTorch, grammars and the models onto this machine")
    actions = parser.add_subparsers(dest="action", required=True)
    for name, text in (
        ("ready", "exit with 0 when nothing has to be done"),
        ("prepare", "fetch what is missing"),
        ("forget", "look at everything again the next time"),
    ):
        actions.add_parser(name, help=text).add_argument("purpose", choices=("run", "test"))
    models = actions.add_parser("models", prog="./run.sh models", help="list or get models").add_subparsers(
        dest="models", metavar="list|get", required=True
    )
    models.add_parser("list", help="the models EpiChat knows")
    models.add_parser("get", help="fetch models").add_argument("ids", nargs="+", metavar="ID")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    if arguments.action == "ready":
        return 0 if commands.is_ready(arguments.purpose) else 1
    if arguments.action == "prepare":
        commands.prepare(arguments.purpose)
    elif arguments.action == "forget":
        commands.forget(arguments.purpose)
    elif arguments.models == "list":
        commands.list_models()
    else:
        commands.get_models(arguments.ids)
    return 0


def main() -> int:
    try:
        return _run(_parser().parse_args())
    except SetupError as error:
        say(str(error))
        return error.exit_code
    except OSError as error:
        say(f"set-up failed: {error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
        return TooLittleDisk.exit_code if error.errno == errno.ENOSPC else SetupError.exit_code
    except KeyboardInterrupt:
        say("stopped; the next start goes on from here")
        return 130


if __name__ == "__main__":
    sys.exit(main())
