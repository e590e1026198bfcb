"""The `nsbench` command: its sub-commands, and the one place where errors become messages and exit codes."""

import logging
import os
import sys
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from nsbench import __version__
from nsbench.cli.baseline import baseline
from nsbench.cli.bench import bench
from nsbench.cli.data import data_app
from nsbench.cli.interruption import interruption_behind, raise_on_signals
from nsbench.cli.plan import plan
from nsbench.cli.repeat import repeat
from nsbench.cli.report import report
from nsbench.cli.reproduce import reproduce
from nsbench.cli.sampler import samplers
from nsbench.cli.train import train
from nsbench.cli.tune import tune
from nsbench.cli.ui import ui
from nsbench.cli.worker import worker
from nsbench.errors import NsbenchError

EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

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
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )


app.add_typer(data_app, name="data", rich_help_panel="Data")
for command, panel in (
    (samplers, "Training"),
    (train, "Training"),
    (tune, "Studies"),
    (worker, "Studies"),
    (repeat, "Studies"),
    (baseline, "Studies"),
    (plan, "Studies"),
    (reproduce, "Studies"),
    (report, "Results"),
    (ui, "Results"),
    (bench, "Results"),
):
    app.command(rich_help_panel=panel)(command)


def main() -> None:
    """Runs the command line; every error that a user can cause ends in a message and an exit code of 2 or more."""
    raise_on_signals()
    try:
        app()
    except NsbenchError as error:
        Console(stderr=True).print(Text.assemble(("Error: ", "bold red"), str(error)))
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, SystemExit) as error:
        # Typer makes an exit of every interruption, with the code of a Ctrl-C.
        interruption = interruption_behind(error)
        if interruption is None and isinstance(error, SystemExit):
            raise
        with suppress(OSError):
            Console(stderr=True).print("Interrupted.")
        sys.exit(EXIT_INTERRUPTED if interruption is None else interruption.exit_code)
    except BrokenPipeError:
        # The reader of our output has left, as `| head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
