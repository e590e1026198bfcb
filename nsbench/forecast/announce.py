"""What a command says before it begins: the prediction that is kept, or a new one."""

from collections.abc import Callable, Collection

from nsbench.files.home import Home
from nsbench.forecast.epochs import EpochRecord, reader_of
from nsbench.forecast.forecast import fingerprint_of_profile, predict
from nsbench.forecast.measurement import LocalRates
from nsbench.forecast.plan_file import HERE, place_of, plan_path, read_prediction, write_prediction
from nsbench.forecast.prediction import Prediction, Stage
from nsbench.forecast.rate import Parallelism
from nsbench.study.profile import Profile

TRIALS: tuple[Stage, ...] = ("trials",)
"""What a command that tunes makes."""

SECONDS = 0.5
"""Time for each figure when a prediction is made in passing."""

RUNG_SECONDS = 0.2
"""The same for a ladder, which has three kinds of trainings of every sampler."""


def announce(
    asked: Profile,
    name: str,
    parallelism: Parallelism,
    home: Home,
    tell: Callable[[str], None],
    stages: Collection[Stage] = ("trials", "baselines", "repeats"),
) -> Prediction:
    """A profile's prediction for this machine; one that is kept is not made anew, so that going on costs nothing.

    Rates that were measured with another number of workers are taken as they are.

    Args:
        asked: The profile.
        name: What its prediction is kept as.
        parallelism: Workers and replicas.
        home: Where predictions are kept.
        tell: Called with what is being measured, if anything is.
        stages: Which runs are made.

    Raises:
        DatasetError: A dataset is not prepared, and nothing says what it will be like.
    """
    path = plan_path(home, name, fingerprint_of_profile(asked), place_of(HERE, parallelism.n_replicas))
    kept = read_prediction(path)
    if kept is not None:
        return kept.model_copy(update={"n_at_once": parallelism.n_workers})
    tell("measuring this machine to say how long it will take")
    source, record = LocalRates(home, parallelism.n_workers, SECONDS), EpochRecord(reader_of(home))
    prediction = predict(asked, name, home, source, parallelism, record, stages)
    write_prediction(prediction, path)
    return prediction
