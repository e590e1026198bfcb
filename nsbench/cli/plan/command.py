"""`nsbench plan`: what a profile will take, before it is run, and what it took, after."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from nsbench.cli.completion import complete_profile
from nsbench.cli.output.json_output import JsonOption, json_output
from nsbench.cli.plan.document import plan_document
from nsbench.cli.plan.option import place_of_options, replicas_of_options, source_of_options
from nsbench.cli.process.worker_pool import ReplicasOption
from nsbench.cli.program import program
from nsbench.cli.tune import WorkersOption
from nsbench.files.disk import megabytes
from nsbench.files.home import Home, current_home
from nsbench.view.console import Console

if TYPE_CHECKING:
    from nsbench.forecast.outcome import Outcomes
    from nsbench.forecast.prediction import Part, Prediction
    from nsbench.forecast.rate import Parallelism

_GB = 1e9


def plan(
    profile: Annotated[
        str,
        typer.Argument(
            help="demo, bias, losses, paper, or the path of a YAML file of your own.", autocompletion=complete_profile
        ),
    ] = "demo",
    device: Annotated[
        str | None,
        typer.Option(
            help="cpu or cuda of this machine, or a device of configs/devices, such as h100. Default: as runs."
        ),
    ] = None,
    gpus: Annotated[int, typer.Option(help="Devices of a --device file, one run each at a time.", min=1)] = 1,
    workers: WorkersOption = None,
    replicas: ReplicasOption = None,
    rates: Annotated[
        Path | None, typer.Option(help="Rates of another machine: what `nsbench bench --json` printed there.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Time to measure each sampler here.", min=0.1)] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Say what a profile will take before it is run: runs, epochs, hours, memory, disk; after, what it took."""
    from nsbench.forecast.epochs import EpochRecord, reader_of
    from nsbench.forecast.forecast import fingerprint_of_profile, predict
    from nsbench.forecast.outcome import outcomes_of
    from nsbench.forecast.plan_file import place_of, plan_path, read_prediction, write_prediction
    from nsbench.forecast.rate import Parallelism
    from nsbench.study.profile import load_profile, profile_name

    home = current_home()
    asked, name = load_profile(profile), profile_name(profile)
    place, n_workers = place_of_options(device, gpus, workers, rates)
    parallelism = Parallelism(n_workers, replicas_of_options(device, rates, replicas))
    path = plan_path(home, name, fingerprint_of_profile(asked), place_of(place, parallelism.n_replicas))
    with json_output(wanted=as_json) as output:
        console, reader = Console(), reader_of(home)
        prediction = read_prediction(path)
        outcomes = outcomes_of(prediction, reader) if prediction and reader else None
        if prediction is None or outcomes is None or not outcomes.is_complete:
            source = source_of_options(device, rates, n_workers, seconds, home)
            with console.status(f"rates: {source.how} ..."):
                prediction = predict(asked, name, home, source, parallelism, EpochRecord(reader))
            # What was predicted before there were runs stays, to be compared with them.
            if outcomes is None:
                write_prediction(prediction, path)
        _print_prediction(prediction, home, console)
        if outcomes is not None:
            _print_outcomes(outcomes, console)
        output.document = plan_document(prediction, outcomes, _free_bytes(home))


def say_predicted(profile: str, parallelism: "Parallelism", home: Home, console: Console) -> None:
    """Says how long a profile takes on this machine; measures it the first time.

    Raises:
        SettingsError: The profile isn't accepted.
    """
    from nsbench.forecast.announce import announce
    from nsbench.study.profile import load_profile, profile_name

    prediction = announce(load_profile(profile), profile_name(profile), parallelism, home, dimly(console))
    console.print(
        f"predicted, if nothing is done yet: {say_seconds(prediction)}; {program()} plan {profile} says more",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )


def dimly(console: Console) -> Callable[[str], None]:
    """What prints a remark."""
    return lambda text: console.print(text, style="dim", highlight=False)


def say_seconds(prediction: "Prediction") -> str:
    """A prediction's time in words, such as "about 6.4 min (at most 9.1 min)"."""
    if prediction.is_expected:
        return f"about {say_time(prediction.likely_s)} (at most {say_time(prediction.most_s)})"
    likely, least, most = (say_time(part) for part in (prediction.likely_s, prediction.least_s, prediction.most_s))
    if least == most:
        return f"about {most}"
    return f"about {likely} if runs stop as early as on other logs ({least} to {most})"


def _print_prediction(prediction: "Prediction", home: Home, console: Console) -> None:
    for dataset, how in prediction.datasets.items():
        own = [part for part in prediction.parts if part.dataset == dataset and part.stage != "baselines"]
        console.print(_prediction_table(dataset, own))
        console.print(f"{dataset}: {how}", style="dim", soft_wrap=True, highlight=False)
    kind = "" if prediction.is_measured else "ESTIMATE, nothing was measured there: "
    runs = sum(part.n_runs for part in prediction.parts)
    lines = (
        f"device: {prediction.device}, {prediction.n_at_once} at once{_side_by_side(prediction)}",
        f"rates: {kind}{prediction.how}",
        f"time: {runs} runs, {say_seconds(prediction)}",
        f"memory: {_memory(prediction)}",
        f"disk: {_disk(prediction, home)}",
        f"models: {_models(prediction)}",
    )
    console.print()
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _side_by_side(prediction: "Prediction") -> str:
    if prediction.n_replicas == 1:
        return ""
    if all(part.n_together == 1 for part in prediction.parts):
        return f", up to {prediction.n_replicas} side by side each, whose rate nobody has measured: reckoned one by one"
    return f", up to {prediction.n_replicas} side by side each"


def _prediction_table(dataset: str, parts: "list[Part]") -> Table:
    columns = ("sampler", "runs", "epochs", "steps", "positives", "a run", "all, one at a time")
    table = Table(title=dataset)
    for column in columns:
        _add_column(table, column, is_text=column == "sampler")
    for part in parts:
        epochs = part.epochs.likely
        table.add_row(
            part.sampler,
            f"{part.n_runs} {part.stage}" + (f", {part.n_together} side by side" if part.n_together > 1 else ""),
            _epochs(part),
            _count(part.n_runs * epochs * part.n_steps),
            _count(part.n_runs * epochs * part.n_positives),
            say_time(part.run_s(epochs)),
            say_time(part.n_runs * part.run_s(epochs)),
        )
    return table


def _add_column(table: Table, title: str, *, is_text: bool) -> None:
    """Text goes on in the next line; a number would be read as a smaller one there, and is visibly cut."""
    table.add_column(title, justify="left" if is_text else "right", overflow="fold" if is_text else "ellipsis")


def _epochs(part: "Part") -> str:
    epochs = part.epochs
    if epochs.expected is not None:
        return f"{epochs.expected:.1f} of {epochs.most} ({epochs.n_runs} runs before)"
    return f"{epochs.most}" if epochs.least == epochs.most else f"{epochs.least} to {epochs.most}"


def _memory(prediction: "Prediction") -> str:
    limit = prediction.memory_limit_bytes
    needed = f"{prediction.memory_bytes / _GB:.1f} GB{' each device' if prediction.is_per_device else ''}"
    if limit is None:
        return needed
    short = "; TOO LITTLE" if prediction.memory_bytes > limit else ""
    return f"{needed} of {limit / _GB:.0f} GB{short}"


def _free_bytes(home: Home) -> int:
    """What the disk of the home, which need not be there yet, has left."""
    folder = home.root.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _disk(prediction: "Prediction", home: Home) -> str:
    free = _free_bytes(home)
    short = "; TOO LITTLE" if prediction.disk_bytes > free else ""
    return f"{prediction.disk_bytes / _GB:.2g} GB under {home.root}, {free / _GB:.0f} GB free here{short}"


def _models(prediction: "Prediction") -> str:
    best, every = (megabytes(prediction.models_bytes(keep)) for keep in ("best", "all"))
    return f"{best} more for the best of each method's repeats, {every} with --keep-models all"


def _print_outcomes(outcomes: "Outcomes", console: Console) -> None:
    table = Table(title="predicted and actual")
    for column in ("dataset", "sampler", "runs", "epochs", "predicted", "actual", "actual / predicted", "on"):
        _add_column(table, column, is_text=column in ("dataset", "sampler", "on"))
    for one in outcomes.parts:
        table.add_row(
            one.part.dataset,
            one.part.sampler,
            f"{one.n_done} of {one.part.n_runs} {one.part.stage}",
            f"{one.part.epochs.likely:.1f}, {one.epochs:.1f}",
            say_time(one.predicted_s),
            say_time(one.actual_s),
            f"{one.ratio:.2f}",
            ", ".join(one.devices),
        )
    console.print()
    console.print(table)
    state = "all runs" if outcomes.is_complete else "the runs that are done"
    console.print(
        f"{state}, one at a time: predicted {say_time(outcomes.predicted_s)}, actual {say_time(outcomes.actual_s)}, "
        f"{outcomes.actual_s / outcomes.predicted_s:.2f} of what was predicted; from the first run's start to the last one's end "
        f"{say_time(outcomes.elapsed_s)}",
        soft_wrap=True,
        highlight=False,
    )


def say_time(seconds: float) -> str:
    """Seconds in words, such as "6.4 min"."""
    if seconds < 100:
        return f"{seconds:.3g} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.3g} min"
    hours = seconds / 3600
    return f"{hours:.3g} h" if hours < 100 else f"{hours:,.0f} h"


def _count(number: float) -> str:
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.3g}{unit}"
    return f"{number:.0f}"
