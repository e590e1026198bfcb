"""What the commands share about datasets: a built-in log is made the first time it is asked for."""

from typing import TYPE_CHECKING, Annotated

import typer

from nsbench.cli.completion import complete_dataset
from nsbench.cli.output.console import Console
from nsbench.files.home import Home

if TYPE_CHECKING:
    from nsbench.data.dataset import Dataset
    from nsbench.evaluation.settings import EvaluationSettings

DatasetOption = Annotated[str, typer.Option(help="A prepared dataset, or `demo`.", autocompletion=complete_dataset)]


def open_dataset(name: str, home: Home) -> "Dataset":
    """The prepared dataset of that name; `demo` is generated when it isn't there.

    Raises:
        DatasetError: There is no such dataset.
    """
    from nsbench.data.store import load_dataset
    from nsbench.data.synthetic.generate import ensure_builtin

    ensure_builtin(name, home)
    return load_dataset(name, home)


def say_undecided(dataset: "Dataset", settings: "EvaluationSettings") -> None:
    """Warns where so few items are ranked that a cut-off decides nothing."""
    from nsbench.evaluation.cutoff import cutoff_warning

    n_candidates = dataset.n_items if settings.cold_items == "tail" else dataset.n_candidates
    warning = cutoff_warning(settings.cutoffs, n_candidates)
    if warning:
        Console(stderr=True).print(f"{warning}; --set cutoffs=1,... chooses others", soft_wrap=True, highlight=False)
