"""The ladder from the paper's published protocol to a sound one: what is asked, and what is said of it beforehand."""

from collections.abc import Mapping, Sequence

from nsbench.config import Value
from nsbench.data.dataset import Dataset
from nsbench.study.ablation.ladder import ladder_of
from nsbench.study.ablation.ladder_runs import Ladders

REPEATS = 5
"""Seeds of a ladder, unless asked otherwise."""


def check_ladders(methods: Sequence[str], values: Mapping[str, Value]) -> None:
    """Refuses what can be refused before anything is opened or made.

    Raises:
        SettingsError: There is no such method, a value isn't accepted, or the published code has nothing like a method.
    """
    for method in methods:
        ladder_of(method, values)


def plan_text(ladders: Ladders) -> str:
    """What is still to be done, in a sentence."""
    n_trained = sum(len(own) for own in ladders.segments.values())
    return (
        f"ladder ({ladders.name}): {ladders.n_steps} runs per seed, of which {n_trained} are trained and the others rank a model "
        f"again; to do: {ladders.n_trainings} trainings, {ladders.n_rankings} rankings"
    )


def notices(ladders: Ladders, dataset: Dataset) -> list[str]:
    """What is to be known of these ladders on this dataset before they are read."""
    found = []
    if dataset.card.options.get("split_by") != "rows":
        found.append(
            f"{dataset.card.name} was cut by timestamp, and the published code cuts by rows: prepare it with --split-by rows for "
            "the rungs to begin where the paper's numbers do"
        )
    first = next(iter(ladders.segments.values()))[0].trained.settings.training
    if first.max_epochs <= first.replay_factor:
        found.append(
            f"batches are replayed after {first.replay_factor:g} epochs, and a training has {first.max_epochs} at most: the rung "
            "`fresh` changes nothing"
        )
    return found
