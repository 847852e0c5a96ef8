"""The command line: a file per command, nothing computed here. `main` is the entry point."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from ppodoctor.cli.statuses import DOING, JUDGING, WRONG_USE, UsageError

if TYPE_CHECKING:
    from cyclopts import App

__all__ = ["main"]

_JUDGING = ("diagnose", "train")
COMMANDS = ("diagnose", "train", "tune", "evaluate", "play", "export", "report", "runs", "checks", "version")


def make_app() -> App:
    """The commands and their help, each from its own file."""
    from cyclopts import App

    from ppodoctor import __version__

    app = App(
        name="ppodoctor",
        help="Your PPO does not learn. Put one command in front of the command you already have:\n\n"
        "`ppodoctor diagnose -- python my_ppo.py --env CartPole-v1`\n\n"
        "Your script runs unmodified; you read what is wrong, at which line, how that is known, and what to change.",
        help_epilogue=JUDGING,
        version=__version__,
        result_action="return_value",
    )
    for place, name in enumerate(COMMANDS):
        module = import_module(f"ppodoctor.cli.{name}")
        app.command(
            getattr(module, name),
            name=name,
            usage=getattr(module, "USAGE", None),
            help_epilogue=JUDGING if name in _JUDGING else DOING,
            sort_key=place,
        )
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status. Prints errors as sentences, never a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a stand-in for it, not a crash.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        status = _run(given)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; the interpreter's last flush must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return WRONG_USE
    return status


def _run(given: list[str]) -> int:
    from cyclopts.exceptions import CycloptsError, UnusedCliTokensError

    from ppodoctor.run import RunError

    # What follows the first -- belongs to the script, word by word; no option of ours is looked for in it.
    cut = given.index("--") if "--" in given else len(given)
    own, command = given[:cut], given[cut + 1 :]
    try:
        function, bound, ignored = make_app().parse_args(own or ["--help"], print_error=False, exit_on_error=False)
        extra = {}
        if cut < len(given):
            if "command" not in ignored:
                given_to = f"ppodoctor {' '.join(own)}"
                raise UsageError(f"Only `diagnose` and `tune` take a command behind --; this is: {given_to}")
            extra["command"] = tuple(command)
        status = function(*bound.args, **bound.kwargs, **extra)
    except UnusedCliTokensError as error:
        hint = " To watch a command, put -- before it." if own[0] == "diagnose" else ""
        return _wrong(f"More was given than expected: {' '.join(error.unused_tokens or ())}.{hint}")
    except CycloptsError as error:
        return _wrong(f"{error} See: ppodoctor {_command_of(own)}--help")
    except (UsageError, RunError) as error:
        return _wrong(str(error))
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:
        if os.environ.get("PPODOCTOR_DEBUG"):
            raise
        return _wrong(
            f"ppodoctor itself failed, with {type(error).__name__}: {error}. What was recorded is intact. "
            "Set PPODOCTOR_DEBUG=1 to see where, and please report it."
        )
    return status if isinstance(status, int) else 0


def _command_of(own: Sequence[str]) -> str:
    return f"{own[0]} " if own and own[0] in COMMANDS else ""


def _wrong(sentence: str) -> int:
    from ppodoctor.reporting.words import clean

    print(f"ppodoctor: {clean(sentence)}", file=sys.stderr)
    return WRONG_USE
