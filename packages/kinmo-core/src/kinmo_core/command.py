"""What all commands have in common: options, one line for each error, and how they end.

0    done
1    an error of KinMo itself; its traceback is in a file that the line names
2    what was asked for cannot be done; nothing is left half-written
3    done, but some of the input was left out, each named in a warning; `--strict` makes it an error
130  stopped by Ctrl-C

A command also ends with 0, in silence, when the reader of its output has left. Nothing heavy is imported here.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import select
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final, NoReturn, TypeAlias

from kinmo_core.errors import DataWarning, InputError
from kinmo_core.interrupt import heard_interrupts
from kinmo_core.progress import still_working

BROKEN: Final = 1
REFUSED: Final = 2
INCOMPLETE: Final = 3
STOPPED: Final = 130  # 128 + SIGINT, as shells report it
STRICT: Final = "--strict"
_OBJECTS: Final = 50_000  # new ones before garbage is looked for; Python looks after 700
LIMBS: Final = ("torso", "neck", "left_arm", "right_arm", "left_leg", "right_leg")  # options that speak of one group


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line; its subcommands have the same class."""

    def error(self, message: str) -> NoReturn:
        """Raise an `InputError` in place of printing the usage, which `--help` shows."""
        raise InputError(f"{message}; see {self.prog} --help")


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"  # what `add_subparsers` returns


def run_command(
    program: str,
    parser: Callable[[], argparse.ArgumentParser],
    arguments: Sequence[str] | None,
    *,
    lightning: Collection[str] = (),
    trainer: str = "kinmo_core.train.cli",
) -> None:
    """Run a command line, and end as the head of this module says.

    Args:
        program: name of the command, which is that of its package.
        parser: returns the parser; each of its subcommands sets `run`, which is called with the options.
        arguments: command-line arguments; those of the process by default.
        lightning: subcommands that are passed unparsed to `main` of the module `trainer`.
        trainer: module that runs these subcommands; it is imported for them alone, since it needs Lightning.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names and texts are Unicode, a terminal need not be
    with documented_exit(program), _left_out(program) as left_out, still_working(program):
        if given and given[0] in lightning:
            _strict(STRICT in given)
            _training_command(program, trainer)([argument for argument in given if argument != STRICT])
            incomplete = bool(left_out) and given[0] == "predict"  # training goes on without a bad clip
        else:
            _collect_less()
            options = parser().parse_args(given)
            _strict(getattr(options, "strict", False))
            options.run(options)
            incomplete = bool(left_out)
        if incomplete:
            sys.stdout.flush()
            print(f"{program}: done, with warnings: {len(left_out)}", file=sys.stderr)
            sys.exit(INCOMPLETE)


def readable_file(text: str) -> Path:
    """Return the path of a file to read, as the `type` of an argument, so that nothing is loaded for a file that is missing.

    Raises:
        argparse.ArgumentTypeError: it is missing, a folder or may not be read.
    """
    path = Path(text)
    try:
        path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise argparse.ArgumentTypeError(f"cannot read {text}: {getattr(error, 'strerror', error)}") from None
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"cannot read {text}: it is a folder")
    if not os.access(path, os.R_OK):
        raise argparse.ArgumentTypeError(f"cannot read {text}: Permission denied")
    return path


def add_strict(parser: argparse.ArgumentParser) -> None:
    """Add `--strict`."""
    parser.add_argument(STRICT, action="store_true", help="stop at the first file or line that would be left out")


def add_card(commands: Commands, *, measured_by: str) -> argparse.ArgumentParser:
    """Add the subcommand `card` with the options of every model card.

    Args:
        commands: the subcommands of a package's command.
        measured_by: the subcommand whose results the card shows.
    """
    card = commands.add_parser("card", help="write the model card of an exported and evaluated model folder")
    card.add_argument("model", type=Path, help="model folder")
    card.add_argument("--title", required=True, help="title of the card")
    card.add_argument("--data", type=Path, required=True, help="Markdown file on the training data")
    card.add_argument("--limits", type=Path, required=True, help="Markdown file on the limitations")
    card.add_argument("--splits", required=True, help=f"splits that were passed to `{measured_by}`")
    card.add_argument("--shipped", action="store_true", help="the folder is part of the package")
    return card


@contextmanager
def documented_exit(program: str) -> Iterator[None]:
    """Turn exceptions into one line on stderr and an exit code, without a traceback.

    Args:
        program: name of the command, the start of the line.
    """
    stopped = f"{program}: stopped"
    with heard_interrupts(line=stopped, code=STOPPED) as interrupted:
        try:
            yield
            sys.stdout.flush()
        except BaseException as error:
            if interrupted() or isinstance(error, KeyboardInterrupt):
                print(stopped, file=sys.stderr)
                sys.exit(STOPPED)
            _end(program, error)


def _end(program: str, error: BaseException) -> NoReturn:
    """Say what has happened, and end with the exit code of its kind."""
    match error:
        case InputError():
            if error.attachment:
                print(error.attachment)
            _fail(program, str(error))
        case DataWarning():
            _fail(program, str(error))
        case BrokenPipeError() if _reader_left():
            sys.exit(0)
        case OSError():
            _fail(program, f"{error.filename}: " * bool(error.filename) + str(error.strerror or error))
        case MemoryError():
            _fail(program, "there is not enough memory for this")
        case SystemExit() if isinstance(error.__context__, BrokenPipeError):  # Rich has noticed that the reader left
            sys.exit(0)
        case Exception():
            log = _write_log(program, error)
            reason = f"an error of KinMo itself, {type(error).__name__}: {str(error)[:200]}; the details are in {log}"
            _fail(program, reason, code=BROKEN)
        case _:
            raise error


@contextmanager
def _left_out(program: str) -> Iterator[list[str]]:
    """Print each `DataWarning` as one line, without the code that noticed it, and collect what they say."""
    said: list[str] = []
    plain = warnings.formatwarning

    def one_line(message: Warning | str, category: type[Warning], *where: Any) -> str:
        return (
            f"{program}: warning: {message}\n"
            if issubclass(category, DataWarning)
            else plain(message, category, *where)
        )

    with warnings.catch_warnings():
        show = warnings.showwarning

        def collect(message: Warning | str, category: type[Warning], *where: Any) -> None:
            if issubclass(category, DataWarning):
                said.append(str(message))
            show(message, category, *where)

        warnings.formatwarning, warnings.showwarning = one_line, collect
        try:
            yield said
        finally:
            warnings.formatwarning = plain


def _collect_less() -> None:
    """Look for garbage rarely, and not as the process ends: what imports make stays.

    Looking through them again and again takes .3 s of a start, and once more at the end .4 s.
    """
    gc.set_threshold(_OBJECTS)
    atexit.register(gc.freeze)


def _strict(strict: bool) -> None:
    if strict:
        warnings.filterwarnings("error", category=DataWarning)


def _training_command(program: str, trainer: str) -> Callable[[Sequence[str]], None]:
    try:
        return import_module(trainer).main
    except ModuleNotFoundError as error:
        if error.name not in ("lightning", "jsonargparse"):
            raise
        raise InputError(f"training needs {error.name}; install it with: pip install '{program}[train]'") from None


def _reader_left() -> bool:
    """Return whether nobody reads stdout any more, and send what is still to be written into the void."""
    try:
        out = sys.stdout.fileno()
    except (OSError, ValueError):  # not a file of the system, as in a notebook
        return False
    poll = select.poll()
    poll.register(out, 0)
    left = any(event & select.POLLERR for _, event in poll.poll(0))
    if left:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out)
    return left


def _write_log(program: str, error: Exception) -> Path:
    """Write the traceback of an exception into the cache; where that is impossible, among temporary files."""
    import tempfile
    import traceback

    from kinmo_core.files import cache_folder

    for folder in (cache_folder() / "logs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            log = folder / f"{program}-{os.getpid()}.log"
            log.write_text("".join(traceback.format_exception(error)), encoding="utf-8", errors="backslashreplace")
            return log
        except OSError:
            continue
    return Path(os.devnull)


def _fail(program: str, message: str, *, code: int = REFUSED) -> NoReturn:
    line = " ".join(message.split())
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    print(f"{program}: error: {shown}", file=sys.stderr)
    sys.exit(code)
