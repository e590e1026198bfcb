"""From Python there is every option of the command of the same name, with underscores and the same default."""

import inspect

import pytest
import typer

import nsbench
from nsbench.cli.main import app

COMMANDS = {
    "prepare": ("data", "prepare"),
    "train": ("train",),
    "tune": ("tune",),
    "repeat": ("repeat",),
    "baseline": ("baseline",),
    "ablate": ("ablate",),
}
OTHERWISE = {
    "set": "settings",
    "from": "from_model",
    "keep_repeats": "repeats",
    "drop_immediate_repeats": "repeats",
    "help": None,  # help() says it.
    "json": None,  # What is returned says it.
    "processes": None,  # Processes of torchrun, which start the command.
}
"""What an option is called from Python, where it isn't the same; None: it has no sense there."""


def options_of(words: tuple[str, ...]) -> set[str]:
    """The long options of a command, with underscores."""
    command = typer.main.get_command(app)
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined]
    longest = (max(one.opts, key=len) for one in command.params if one.param_type_name == "option")
    return {name.removeprefix("--").replace("-", "_") for name in longest}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_there(name: str) -> None:
    wanted = {OTHERWISE.get(option, option) for option in options_of(COMMANDS[name])} - {None}
    assert wanted - set(inspect.signature(getattr(nsbench, name)).parameters) == set()
