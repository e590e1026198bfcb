"""All compared runs of a dataset under another protocol: `evaluate`. One model is asked by `Model.evaluate`."""

from collections.abc import Mapping

from nsbench.api.dataset import Dataset, Place, home_of, name_of
from nsbench.api.progress import logger
from nsbench.api.repeats import Runs
from nsbench.api.thread import one_thread
from nsbench.api.wording import worded
from nsbench.command.evaluate_all import evaluate_runs
from nsbench.config import Value
from nsbench.errors import SettingsError
from nsbench.terms import RunKind
from nsbench.tracking.store import open_store


@worded
def evaluate(dataset: Dataset | str, *, settings: Mapping[str, Value], home: Place = None) -> Runs:
    """Ranks the test again by every run that `compare` compares, under another protocol. As `nsbench evaluate --all`.

    Nothing is trained: what a run's ranks say is computed from them, else its model is asked. A comparison then says whether the
    protocols rank the methods alike.

    Args:
        dataset: A prepared dataset, or its name.
        settings: What is changed of the runs' evaluation, such as {"targets": "last"}.
        home: The folder where everything is kept; None: that of the dataset, or NSBENCH_HOME.

    Returns:
        The runs that hold the answers. A warning says how many repeats could not be answered for, and why.

    Raises:
        SettingsError: A setting isn't accepted or changes nothing, or not one run can be answered for.
        DatasetError: There is no such dataset, or nothing in it to rank.
        TrackingError: No run is recorded, or the store can't be read or written.

    Examples:
        >>> nsbench.evaluate("shop", settings={"targets": "last"}).table  # doctest: +SKIP
    """
    place, name = home_of(home, dataset), name_of(dataset)
    with one_thread():
        n_runs, coming = evaluate_runs(settings, name, place)
        answers = list(coming)
    missing = [answer for answer in answers if answer.source == "missing"]
    reasons = "; ".join(dict.fromkeys(answer.reason for answer in missing))
    if len(missing) == n_runs:
        raise SettingsError(f"no run of {name} can be evaluated so: {reasons}")
    if missing:
        logger.warning("%d of %d runs not answered: %s", len(missing), n_runs, reasons)
    made = {answer.run_id for answer in answers}
    stored = open_store(place).reader().runs(name, (RunKind.EVALUATION,))
    return Runs(name, place, tuple(run for run in stored if run.run_id in made))
