"""The ladder from the paper's published protocol to a sound one: `ablate`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import pandas as pd

from nsbench.api.argument import Samplers, check_least, names_of
from nsbench.api.dataset import Dataset, Place, arrays_of, home_of
from nsbench.api.progress import logger, study_progress
from nsbench.api.repeats import check_failures
from nsbench.api.results import table_of_runs
from nsbench.api.wording import worded
from nsbench.command.ablate import REPEATS, check_ladders, notices, plan_text
from nsbench.command.method_choice import budget_values, chosen_methods
from nsbench.command.worker_pool import Engine, pool_of
from nsbench.config import Value
from nsbench.files.home import Home
from nsbench.report.ladder.climb import Ladder, read_ladders
from nsbench.report.ladder.table import ladder_claim_table, ladder_frame, probe_table
from nsbench.study.ablation.ladder_runs import LadderOrder, Ladders
from nsbench.study.session import Session
from nsbench.terms import Tag
from nsbench.tracking.store import open_store
from nsbench.tracking.stored_run import StoredRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TAGS = {"rung": Tag.RUNG, "probed": Tag.PROBED, "ladder": Tag.LADDER, "model_run_id": Tag.EVALUATED}


@final
@dataclass(frozen=True)
class Ablation:
    """The finished runs of some methods' ladders, as `ablate` gives them.

    Attributes:
        dataset: The dataset's name.
        home: Where they are kept.
        stored: The runs, those of earlier calls included.
        ladder: What they add up to, with statistics.
    """

    dataset: str
    home: Home
    stored: tuple[StoredRun, ...]
    ladder: Ladder

    @property
    def table(self) -> pd.DataFrame:
        """One row per rung and method: number of runs, hit rate, NDCG, balance and rank, each with its standard deviation."""
        return ladder_frame(self.ladder)

    @property
    def claims(self) -> pd.DataFrame:
        """One row per claim of the paper: at which rungs it holds, fails and is undecided; empty where none can be judged."""
        table = ladder_claim_table(self.dataset, self.ladder)
        return pd.DataFrame() if table is None else table.texts

    @property
    def probes(self) -> pd.DataFrame:
        """Each adaptive sampler beside its whole pool, of weight 1 and of K/N; empty where there is none."""
        table = probe_table(self.dataset, self.ladder)
        return pd.DataFrame() if table is None else table.texts

    @property
    def runs(self) -> pd.DataFrame:
        """One row per run, with the columns of `results` behind its rung."""
        own = pd.DataFrame([{name: run.tags.get(tag) for name, tag in _TAGS.items()} for run in self.stored])
        return pd.concat([own, table_of_runs(self.stored)], axis=1)

    def figure(self) -> "Figure":
        """Hit rate, balance and rank of every method at every rung."""
        from nsbench.report.figures.canvas.style import settle
        from nsbench.report.figures.ladder import ladder_figure

        figure = ladder_figure(self.ladder, {})
        assert figure is not None  # A ladder that was climbed has all its rungs.
        settle(figure)
        return figure

    def _repr_html_(self) -> str:
        return str(self.table.to_html())


@worded
def ablate(  # noqa: PLR0913 - the options of the command
    sampler: Samplers,
    dataset: Dataset | str = "demo",
    *,
    loss: str | None = None,
    model: str | None = None,
    repeats: int = REPEATS,
    first_seed: int = 0,
    epochs: int | None = None,
    workers: int | None = None,
    engine: Engine = "processes",
    address: str | None = None,
    cpus_per_worker: float = 1.0,
    gpus_per_worker: float = 0.0,
    settings: Mapping[str, Value] | None = None,
    home: Place = None,
    progress: bool = True,
) -> Ablation:
    """Climbs from the paper's published code to the sound defaults, one rung at a time. As `nsbench ablate`.

    Runs that are done already are skipped, so that the same call goes on where an interrupted one stopped.

    Args:
        sampler: Negative sampler, composition or method, or several of them in a list.
        dataset: A prepared dataset, or its name; the published code cuts by rows (`split_by="rows"`).
        loss: Loss; None: bce, the only one that the published code's padding goes with.
        model: Backbone; None: sasrec.
        repeats: How many seeds.
        first_seed: The first of them: another machine on the same store may make others.
        epochs: Epochs of a run at every rung, at most; None: 200 as the published code, and by the log's size from the rung of
            early stopping on.
        workers: Runs at once, one process each; None: the number of cores, or of GPUs.
        engine: "processes" of this machine, or workers on a "ray" cluster.
        address: The Ray cluster: "auto" for this machine's, or "HOST:PORT"; None: one that is made here.
        cpus_per_worker: Cores that Ray keeps for a worker.
        gpus_per_worker: GPUs that Ray keeps for a worker; a share such as 0.25 too.
        settings: What is held at every rung, by name; those that a sampler lacks are passed over for it.
        home: The folder where everything is kept; None: that of the dataset, or NSBENCH_HOME.
        progress: Whether a terminal or a notebook shows how far it is.

    Raises:
        DatasetError: There is no such dataset.
        SettingsError: A method or a setting isn't accepted, or the published code has nothing like it.
        TrainingError: Runs failed; all others have been made, and the same call tries the failed ones again.
        TrackingError: The tracking store can't be read or written.

    Examples:
        >>> ladder = nsbench.ablate(["random", "mixed", "adaptive-mixed"], "shop", epochs=50)  # doctest: +SKIP
        >>> ladder.table["hit_rate_at_10"].unstack()  # doctest: +SKIP
    """
    check_least(1, repeats=repeats, epochs=epochs, workers=workers)
    check_least(0, gpus_per_worker=gpus_per_worker, first_seed=first_seed)
    names, values = chosen_methods(names_of(sampler), loss, model, settings or {})
    held = {**values, **budget_values(epochs)}
    check_ladders(names, held)
    place = home_of(home, dataset)
    data = arrays_of(dataset, place)
    ladders = Ladders(LadderOrder(tuple(names), held, repeats, first_seed), data, place)
    with pool_of(engine, address, workers, cpus_per_worker, gpus_per_worker, place) as pool:
        session = Session.open(place, pool)
        runs = session.ladder_runs(ladders)
        for notice in notices(ladders, data):
            logger.warning("%s", notice)
        logger.info("%s", plan_text(ladders))
        with study_progress(is_shown=progress) as view:
            session.run([runs], data.card.name, view)
    check_failures([runs])
    stored = ladders.finished()
    (ladder,) = read_ladders(data.card.name, stored, open_store(place).reader())
    return Ablation(data.card.name, place, tuple(stored), ladder)
