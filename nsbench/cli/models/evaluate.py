"""`nsbench evaluate`: a finished model under another protocol, without training."""

from typing import TYPE_CHECKING, Annotated

import typer

from nsbench.cli.completion import complete_dataset
from nsbench.cli.models.evaluate_all import evaluate_all
from nsbench.cli.models.option import OptionalModelArgument
from nsbench.cli.output.json_output import JsonOption, json_output
from nsbench.cli.program import program
from nsbench.errors import SettingsError
from nsbench.files.home import current_home
from nsbench.view.console import Console

if TYPE_CHECKING:
    from nsbench.command.evaluate import Evaluated

_TOLD = {
    "ranks": "computed from the ranks of the model's run, which hold all that is asked",
    "model": "ranked anew by the model",
}


def evaluate(
    model: OptionalModelArgument = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the evaluation, as targets=last or cutoffs=10,100; may be repeated."),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="Another dataset than the model's; items are found by their ids. With --all: whose runs.",
            autocompletion=complete_dataset,
        ),
    ] = None,
    all_runs: Annotated[
        bool,
        typer.Option(
            "--all", help="Instead of one model: every repeat and baseline that the dataset's report compares."
        ),
    ] = False,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Record the answer in MLflow.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Rank the test interactions again by a finished model, under another protocol; nothing is trained.

    The answer is a run of its own kind (evaluation), which the report leaves out of its comparison. Other cut-offs and
    cohorts, and the last targets of rolling ones, are answered from the ranks of the model's run. With --all the report then
    says whether the protocols rank the methods alike.
    """
    _check_asked(model, dataset, all_runs=all_runs, track=track)
    with json_output(wanted=as_json) as output:
        import torch

        from nsbench.command.evaluate import evaluate_model
        from nsbench.config import parse_assignments

        torch.set_num_threads(1)
        values = parse_assignments(assignments or [])
        if model is None:
            output.document = evaluate_all(values, dataset or "")
            return
        found = evaluate_model(model, values, dataset, current_home(), is_tracked=track)
        plan, record = found.record.plan, found.record
        output.document = {
            "run_id": record.run_id,
            "model_run_id": found.trained.card.run_id,
            "dataset": plan.dataset,
            "protocol": plan.protocol,
            "answered_from": found.answered_from,
            "metrics": record.metrics,
        }
        _show(found)


def _check_asked(model: str | None, dataset: str | None, *, all_runs: bool, track: bool) -> None:
    if all_runs and (model is not None or dataset is None):
        wrong = "--all takes no MODEL" if model is not None else "--all needs to know whose runs"
        raise SettingsError(f"{wrong}; give it as `{program()} evaluate --all --dataset NAME --set targets=last`")
    if all_runs and not track:
        raise SettingsError("--all with --no-track would have no effect: the report reads its answers from MLflow")
    if model is None and not all_runs:
        from nsbench.trained.reference import FORMS

        raise SettingsError(
            f"give a MODEL ({FORMS}), or --all with --dataset NAME for every run that the dataset's report compares"
        )


def _show(found: "Evaluated") -> None:
    from nsbench.view.metrics_table import show_metrics

    console, record = Console(), found.record
    show_metrics(record, f"{record.plan.dataset}, {record.plan.protocol}", console)
    console.print(_TOLD[found.answered_from], soft_wrap=True)
