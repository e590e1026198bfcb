"""The field's words as code: cohorts, metric names, run kinds. One spelling for every floor above.

Deliberately free of torch and mlflow, so that the report and `nsbench --help` can import it at no cost.
"""

from enum import IntEnum, StrEnum
from typing import Literal


class Cohort(IntEnum):
    """Popularity cohort of an item, by training interactions.

    Items in falling popularity; an item is head while the cumulative share, itself included, is below 1/3, mid below 2/3,
    tail after that; `nsbench.data.cohort.cohorts_of` says what becomes of single items with more than that. Items without a
    training interaction are cold.
    Source: paper, section 4.3; the published code counts cold items as tail.
    """

    HEAD = 0
    MID = 1
    TAIL = 2
    COLD = 3

    @property
    def label(self) -> str:
        """The name used in metric names and tables."""
        return self.name.lower()


ALL = "all"
"""The group of all test interactions, beside the cohorts."""

GROUPS = (ALL, *(cohort.label for cohort in Cohort))
"""Every group that a metric is computed for."""

BALANCED_COHORTS = (Cohort.HEAD, Cohort.MID, Cohort.TAIL)
"""The cohorts that balance compares. Source: paper, eq. 8."""


class RunKind(StrEnum):
    """What an MLflow run stands for; the value of its tag `nsbench.kind`."""

    TRIAL = "trial"
    REPEAT = "repeat"
    BASELINE = "baseline"
    STUDY = "study"
    SINGLE = "single"
    EVALUATION = "evaluation"
    """The model of another run, ranked again under another protocol or on another dataset; nothing was trained."""
    FINAL = "final"
    """A last fit on training, validation and test together: nothing is left that it could be judged by."""
    SUMMARY = "summary"
    """Mean, standard deviation and number of a method's repeats; made from them, and renewed with them."""
    ABLATION = "ablation"
    """A rung of the ladder from the paper's published protocol to the sound one; compared with other rungs only."""


DERIVED_KINDS = (RunKind.STUDY, RunKind.SUMMARY, RunKind.EVALUATION, RunKind.FINAL, RunKind.ABLATION)
"""The kinds that are made of what other runs found, or for a comparison of their own: whoever counts or averages runs leaves
them out."""

Trait = Literal["in-batch", "global", "model-based"]
"""Where a sampler's negatives come from. Source: paper, table 1."""

METHOD_JOINT = "+"
"""Stands between the parts of a method's name, such as mixed+gbce; a sampler alone has the paper's loss and backbone."""

LABEL_JOINT = " + "
"""Stands between the parts of a method's label; a comma would not do in a list of labels."""

FIXED_JOINT = "; "
"""Stands between the settings that a method fixes, in brackets behind the label of their part."""


class Tag(StrEnum):
    """The MLflow tags that group flat runs."""

    KIND = "nsbench.kind"
    STUDY = "nsbench.study"
    SAMPLER = "nsbench.sampler"
    TRIAL = "nsbench.trial"
    DATASET = "nsbench.dataset"
    DATASET_HASH = "nsbench.dataset_hash"
    PROTOCOL = "nsbench.protocol"
    SETTINGS = "nsbench.settings_fingerprint"
    VERSION = "nsbench.version"
    TRAITS = "nsbench.sampler_traits"
    LOSS = "nsbench.loss"
    LOSS_SETTINGS = "nsbench.loss_settings"
    """The settings that are the loss's, with commas between them."""
    MODEL = "nsbench.model"
    PAPER_NAME = "nsbench.paper_name"
    LABEL = "nsbench.label"
    SEED = "nsbench.seed"
    N_PLANNED = "nsbench.n_planned"
    """How many runs of this kind were asked for; the report sets it beside how many finished."""
    END_REASON = "nsbench.end_reason"
    """Why a run ended without a result; begins with `PRUNED` where a study's pruner ended it."""
    N_PROPOSED = "nsbench.n_proposed"
    """The settings that count the negatives proposed for each positive; see `nsbench.negative_count`."""
    N_KEPT = "nsbench.n_kept"
    """The setting that says how many of those are trained on, where not all are."""
    N_TARGETS = "nsbench.n_targets"
    """How many targets each group of each split has, by the metric's name, as JSON: the same in all runs, so no metric."""
    EVALUATED = "nsbench.evaluated_run"
    """Of a run that ranks a model again: the run that trained the model."""
    ANSWERED_FROM = "nsbench.answered_from"
    """Of such a run: `ranks`, where those of the model's run were enough, or `model`, which made new ones."""
    RUNG = "nsbench.rung"
    """Of an ablation: its rung or probe, a name of `nsbench.ablation.rung`."""
    LADDER = "nsbench.ladder"
    """Of an ablation: what is otherwise than in the presets at every rung, such as `max_epochs=10`."""
    PROBED = "nsbench.probed"
    """Of a probe: the method whose pool is trained on whole."""
    REPORT = "nsbench.report"
    """Of an experiment: the page of the last report on it."""


OBJECTIVE_TAG = "nsbench.objective"
"""The MLflow tag of a study's run, and of a kept model, that names the metric it maximises."""

KeepModels = Literal["best", "all", "none"]
"""Which models of a method's runs are kept: that of the best finished run, by the validation objective, all, or none."""

PRUNED = "pruned"
"""The first word of the reason of a trial that a pruner stopped: it was no failure."""


NEGATIVES = "negatives"
"""The group of metrics that say what a model is trained against."""

EXPLICIT_NEGATIVES = "explicit_negatives"
"""The group of what users skipped or disliked during the time of the test: the lower it ranks, the better."""

PREFERRED_SHARE = "preferred_share"
"""The metric of that group that says how often a user's positives rank above what the user skipped or disliked."""

NO_NEGATIVE_SHARE = "train/no_negative_share"
"""MLflow's name of the share of an epoch's positions, in [0, 1], that had no negative: their positives alone were trained."""

N_EPOCHS = "cost/n_epochs"
"""MLflow's name of the epochs that a finished run was trained for."""

CUT_OFF = "train/cut_off"
"""MLflow's name of whether a training ended at its last epoch before patience ran out (1), or not (0)."""

_MORE = 3
TYPICAL_VALIDATIONS = 16
"""Validations of a run that stops early. Measured on six logs of 500 to 130,943 users: 7 to 39."""


def more_epochs(n_epochs: int, validate_every: int) -> int:
    """The epochs to propose for a training that was cut off: three times as many, and enough for most to stop by themselves.

    Args:
        n_epochs: Those that it had.
        validate_every: Epochs between its validations; 0 where that is unknown.

    >>> more_epochs(20, 1), more_epochs(8, 85)
    (60, 1360)
    """
    return max(_MORE * n_epochs, TYPICAL_VALIDATIONS * validate_every)


TRUTH = "truth"
"""The group of metrics that say what a model would reach if users took what they want: it stands in the place of a split."""


def metric_name(split: str, group: str, metric: str, k: int | None = None) -> str:
    """MLflow's name of a metric; its UI groups charts by the part before the last slash.

    >>> metric_name("test", "head", "ndcg", 10)
    'test/head/ndcg_at_10'
    >>> metric_name("valid", "all", "mrr")
    'valid/all/mrr'
    """
    return f"{split}/{group}/{metric}" + ("" if k is None else f"_at_{k}")


def is_target_count(name: str) -> bool:
    """Whether a metric's name is that of a number of targets.

    >>> is_target_count("test/all/n_targets"), is_target_count("test/all/mrr")
    (True, False)
    """
    return name.endswith("/n_targets")


def deviation_name(name: str) -> str:
    """The name under which a summary holds the standard deviation of a metric over seeds.

    >>> deviation_name("test/all/mrr")
    'test/all/mrr_sd'
    """
    return f"{name}_sd"


def balance_name(split: str, metric: str, k: int) -> str:
    """MLflow's name of the balance of a metric over head, mid and tail.

    >>> balance_name("test", "hit_rate", 10)
    'test/balance_hit_rate_at_10'
    """
    return f"{split}/balance_{metric}_at_{k}"
