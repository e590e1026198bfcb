"""What the commands share about datasets: the option, and a warning of what can't be decided on one."""

from typing import TYPE_CHECKING, Annotated

import typer

from nsbench.cli.completion import complete_dataset
from nsbench.view.console import Console

if TYPE_CHECKING:
    from nsbench.data.dataset import Dataset
    from nsbench.evaluation.settings import EvaluationSettings

DatasetOption = Annotated[str, typer.Option(help="A prepared dataset, or `demo`.", autocompletion=complete_dataset)]


def say_undecided(dataset: "Dataset", settings: "EvaluationSettings") -> None:
    """Warns where so few items are ranked that a cut-off decides nothing."""
    from nsbench.evaluation.cutoff import undecided_warning

    warning = undecided_warning(dataset, settings)
    if warning:
        Console(stderr=True).print(f"{warning}; --set cutoffs=1,... chooses others", soft_wrap=True, highlight=False)
