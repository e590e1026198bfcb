"""The `nsbench` command: its sub-commands, and the one place where errors become messages and exit codes."""

import io
import logging
import os
import sys
import traceback
from contextlib import suppress
from typing import Annotated

import typer
from rich.text import Text

from nsbench import __version__
from nsbench.cli.ablate import ablate
from nsbench.cli.baseline import baseline
from nsbench.cli.bench import bench
from nsbench.cli.catalogue import backbones, losses, samplers
from nsbench.cli.data.app import data_app
from nsbench.cli.models.app import models_app
from nsbench.cli.models.evaluate import evaluate
from nsbench.cli.models.export import export
from nsbench.cli.models.recommend import recommend
from nsbench.cli.models.similar import similar
from nsbench.cli.plan.command import plan
from nsbench.cli.repeat import repeat
from nsbench.cli.report import report
from nsbench.cli.reproduce import reproduce
from nsbench.cli.train import train
from nsbench.cli.tune import tune
from nsbench.cli.ui import ui
from nsbench.cli.worker import worker
from nsbench.data.leftover import clear_leftovers
from nsbench.errors import NsbenchError, StorageError
from nsbench.files.home import current_home
from nsbench.printable import log_to_terminal
from nsbench.secret import masked
from nsbench.view.console import Console, prepare_streams
from nsbench.view.interruption import Interrupted, raise_on_signals

EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

EXIT_UNEXPECTED = 1
EXIT_REFUSED = 2

_REFUSED_ARGUMENTS: type[typer.BadParameter] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
"""What typer raises for an argument that it doesn't take; it exports this class's heirs only."""

app = typer.Typer(
    name="nsbench",
    help="Which negative sampling should train your sequence recommender, and what does it cost head, mid and tail items?",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"nsbench {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and leave.", callback=_show_version, is_eager=True)
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more of what goes on.")] = False,
) -> None:
    """What every command takes."""
    log_to_terminal(logging.INFO if verbose else logging.WARNING)
    clear_leftovers(current_home().datasets)


app.add_typer(data_app, name="data", rich_help_panel="Data")
app.add_typer(models_app, name="models", rich_help_panel="Models")
for command, panel in (
    (samplers, "Training"),
    (losses, "Training"),
    (backbones, "Training"),
    (train, "Training"),
    (tune, "Studies"),
    (worker, "Studies"),
    (repeat, "Studies"),
    (baseline, "Studies"),
    (plan, "Studies"),
    (reproduce, "Studies"),
    (ablate, "Studies"),
    (report, "Results"),
    (ui, "Results"),
    (bench, "Results"),
    (recommend, "Models"),
    (similar, "Models"),
    (evaluate, "Models"),
    (export, "Models"),
):
    app.command(rich_help_panel=panel)(command)


def main() -> None:
    """Runs the command line; every error that a user can cause ends in a message and an exit code of 2 or more."""
    prepare_streams()
    raise_on_signals()
    try:
        sys.exit(_run())
    except BrokenPipeError:
        # The reader of our output has left, as `| head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_INTERRUPTED)


def _run() -> int:
    """The exit code of the command that the arguments name; what an error says is shown without passwords and control codes."""
    try:
        # Completion is installed under this name, however the command was started.
        code = app(prog_name="nsbench", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except NsbenchError as error:
        _say_error(str(error))
        return error.exit_code
    except _REFUSED_ARGUMENTS as error:
        _show_refusal(error)
        return EXIT_REFUSED
    except (KeyboardInterrupt, typer.Abort):
        return _say_interrupted()
    except BrokenPipeError:
        raise
    except OSError as error:
        _say_error(f"{error.filename or 'the output'}: {error.strerror or error}; make room, or choose another place")
        return StorageError.exit_code
    except Exception:
        Console(stderr=True).print(masked(traceback.format_exc()), soft_wrap=True, highlight=False)
        return EXIT_UNEXPECTED
    # typer turns every interruption into this.
    return _say_interrupted() if code == EXIT_INTERRUPTED else code or 0


def _say_interrupted() -> int:
    with suppress(OSError):
        Console(stderr=True).print("Interrupted.")
    return EXIT_INTERRUPTED if Interrupted.last is None else Interrupted.last.exit_code


def _say_error(message: str) -> None:
    Console(stderr=True).print(Text.assemble(("Error: ", "bold red"), masked(message)))


def _show_refusal(error: typer.BadParameter) -> None:
    """Says which argument isn't accepted; where none was given, the help."""
    shown = io.StringIO()
    error.show(shown)
    Console(stderr=True).print(shown.getvalue().rstrip(), soft_wrap=True, highlight=False)


if __name__ == "__main__":
    main()
