"""What a profile's command says before it begins: the prediction that is kept, or a new one."""

from collections.abc import Callable

from nsbench.forecast.epochs import EpochRecord, reader_of
from nsbench.forecast.forecast import fingerprint_of_profile, predict
from nsbench.forecast.measurement import Here
from nsbench.forecast.plan_file import HERE, place_of, plan_path, read_prediction, write_prediction
from nsbench.forecast.prediction import Prediction
from nsbench.forecast.rate import AtOnce
from nsbench.home import Home
from nsbench.study.profile import load_profile, profile_name

SECONDS = 0.5
"""Time for each figure when a prediction is made in passing."""


def announced(profile: str, at_once: AtOnce, home: Home, tell: Callable[[str], None]) -> Prediction:
    """The profile's prediction for this machine; one that is kept is not made anew, so that going on costs nothing.

    Rates that were measured with another number of workers are taken as they are.

    Args:
        profile: A profile's name or path.
        at_once: Workers and replicas.
        home: Where predictions are kept.
        tell: Called with what is being measured, if anything is.

    Raises:
        DatasetError: A dataset is not prepared, and nothing says what it will be like.
        SettingsError: The profile isn't accepted.
    """
    asked, name = load_profile(profile), profile_name(profile)
    path = plan_path(home, name, fingerprint_of_profile(asked), place_of(HERE, at_once.n_replicas))
    kept = read_prediction(path)
    if kept is not None:
        return kept.model_copy(update={"n_at_once": at_once.n_workers})
    tell("measuring this machine to say how long it will take")
    prediction = predict(
        asked, name, home, Here(home, at_once.n_workers, SECONDS), at_once, EpochRecord(reader_of(home))
    )
    write_prediction(prediction, path)
    return prediction
