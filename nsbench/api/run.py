"""One trained model: `train`, and the run that it gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import final

import pandas as pd

from nsbench.api.argument import check_keep_models, check_least
from nsbench.api.dataset import Dataset, Place, arrays_of, home_of, name_of
from nsbench.api.progress import run_progress, warn_undecided
from nsbench.api.thread import one_thread
from nsbench.api.wording import worded
from nsbench.command.method_choice import chosen_methods
from nsbench.command.train import TrainOrder, checkpoint_of, train_once
from nsbench.command.train_start import Given, begin
from nsbench.config import Value
from nsbench.errors import SettingsError
from nsbench.evaluation.metrics import METRICS
from nsbench.terms import CUT_OFF, GROUPS, KeepModels, metric_name
from nsbench.tracking.record import RunRecord, Scalar
from nsbench.training.checkpoint.training_checkpoint import Checkpoints


@final
@dataclass(frozen=True)
class Run:
    """A finished run, as `train` gives it.

    Attributes:
        dataset: The dataset's name.
        record: All that is recorded of it.
        checkpoint: The file with the parameters of its best epoch.
    """

    dataset: str
    record: RunRecord
    checkpoint: Path

    @property
    def method(self) -> str:
        """The method's name, such as "mixed+softmax"."""
        return self.record.plan.sampler

    @property
    def run_id(self) -> str | None:
        """MLflow's id; None where it was not tracked."""
        return self.record.run_id

    @property
    def settings(self) -> Mapping[str, Scalar]:
        """Every setting by its name."""
        return self.record.plan.params

    @property
    def metrics(self) -> Mapping[str, float]:
        """Final metrics by full name, such as `test/all/hit_rate_at_10`, as shares in [0, 1]; NaN where undefined."""
        return self.record.metrics

    @property
    def best_epoch(self) -> int:
        """The epoch whose parameters were kept."""
        return self.record.best_epoch

    @property
    def is_cut_off(self) -> bool:
        """Whether it ended at its last epoch while it might still have got better."""
        return bool(self.metrics[CUT_OFF])

    @property
    def table(self) -> pd.DataFrame:
        """The test metrics: a row for all targets and for each cohort, a column for each metric at each cut-off, and
        `n_targets`.
        """
        cutoffs = [int(k) for k in str(self.settings["cutoffs"]).split(",")]
        columns = {f"{metric}_at_{k}": (metric, k) for metric in METRICS for k in cutoffs}
        rows = [
            {
                **{name: self.metrics.get(metric_name("test", group, *of)) for name, of in columns.items()},
                "n_targets": self.metrics.get(metric_name("test", group, "n_targets"), 0.0),
            }
            for group in GROUPS
        ]
        frame = pd.DataFrame(rows, index=pd.Index(GROUPS, name="group"), dtype=float)
        return frame.astype({"n_targets": int})

    def _repr_html_(self) -> str:
        return str(self.table.to_html(float_format="{:.4f}".format))


@worded
def train(  # noqa: PLR0913 - the options of the command
    sampler: str | None = None,
    dataset: Dataset | str = "demo",
    *,
    loss: str | None = None,
    model: str | None = None,
    settings: Mapping[str, Value] | None = None,
    config: Path | str | None = None,
    epochs: int | None = None,
    seed: int = 0,
    checkpoint: Path | str | None = None,
    track: bool = True,
    from_model: Path | str | None = None,
    all_data: bool = False,
    fresh: bool = False,
    keep_models: KeepModels = "best",
    home: Place = None,
    progress: bool = True,
) -> Run:
    """Trains one model in this process, keeps its best epoch, and ranks the test interactions. As `nsbench train`.

    A run that was interrupted or killed goes on when the same call is made again.

    Args:
        sampler: Negative sampler, a composition such as "mixed(batch, random)", or a method such as "mixed+softmax". None:
            that of `from_model`.
        dataset: A prepared dataset, or its name.
        loss: Loss; None: bce.
        model: Backbone; None: sasrec.
        settings: What is changed of the settings, by name, such as {"learning_rate": 1e-3}.
        config: YAML file of settings; `settings` goes before it.
        epochs: Epochs at most; most runs stop early. None: by the log's size, so that few runs reach it.
        seed: Root of all randomness, 0 or more: the same seed on the same device gives the same result, bit for bit.
        checkpoint: Where the best epoch's parameters go; None: under the home.
        track: Whether the run is recorded in MLflow.
        from_model: A trained model to go on from, as `load_model` takes it: with its settings, but for what is given, and its
            items' vectors, found by their ids.
        all_data: A last fit on training, validation and test, with the settings and best epoch of the method's kept model; no
            metric is claimed.
        fresh: Start over, not where an interrupted run stopped.
        keep_models: Whose models are kept: "best" of each method, "all" or "none".
        home: The folder where everything is kept; None: that of the dataset, or NSBENCH_HOME.
        progress: Whether a terminal or a notebook shows how far it is.

    Raises:
        DatasetError: There is no such dataset.
        SettingsError: A method or a setting isn't accepted.
        TrainingError: The training can't go on, such as with a loss that isn't finite.
        TrackingError: The tracking store can't be written.
        StorageError: The checkpoint can't be written.

    Examples:
        >>> run = nsbench.train("mixed", "shop", loss="softmax", settings={"n_uniform": 50})  # doctest: +SKIP
        >>> run.table.loc["tail", "hit_rate_at_10"]  # doctest: +SKIP
        0.0312
    """
    check_keep_models(keep_models)
    check_least(1, epochs=epochs)
    check_least(0, seed=seed)
    method, values = None, dict(settings or {})
    if sampler is not None:
        (method,), values = chosen_methods([sampler], loss, model, values)
    elif loss is not None or model is not None:
        raise SettingsError("loss and model choose parts of a method; name its sampler too")
    place = home_of(home, dataset)
    data = arrays_of(dataset, place)
    path = None if checkpoint is None else Path(checkpoint)
    given = Given(method, values, None if config is None else Path(config), epochs)
    order = TrainOrder(name_of(dataset), seed, path, is_tracked=track, is_fresh=fresh, keep_models=keep_models)
    reference = None if from_model is None else str(from_model)
    chosen, order = begin(given, order, reference, place, is_final=all_data)
    path = checkpoint_of(chosen, order, place)
    warn_undecided(data, chosen.evaluation)
    checkpoints = Checkpoints(place.checkpoints, fresh=fresh)
    with one_thread():
        record = train_once(chosen, data, order, place, path, partial(run_progress, is_shown=progress), checkpoints)
    return Run(order.dataset, record, path)
