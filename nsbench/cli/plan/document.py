"""What `nsbench plan --json` says: what a profile will take, and what its runs took."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nsbench.forecast.outcome import Outcome, Outcomes
    from nsbench.forecast.prediction import Prediction
    from nsbench.terms import KeepModels


KEPT: "tuple[KeepModels, ...]" = ("best", "all", "none")


def plan_document(prediction: "Prediction", outcomes: "Outcomes | None", free_disk_bytes: int) -> dict[str, object]:
    """A prediction, and beside it what the runs took that are done; None where none is."""
    predicted = {
        **prediction.model_dump(mode="json", exclude={"profile", "fingerprint", "nsbench"}),
        "n_runs": sum(part.n_runs for part in prediction.parts),
        "likely_s": prediction.likely_s,
        "least_s": prediction.least_s,
        "most_s": prediction.most_s,
        "is_expected": prediction.is_expected,
        "free_disk_bytes": free_disk_bytes,
        "models_bytes": {keep: prediction.models_bytes(keep) for keep in KEPT},
    }
    return {
        "profile": prediction.profile,
        "predicted": predicted,
        "actual": None if outcomes is None else _actual(outcomes),
    }


def _actual(outcomes: "Outcomes") -> dict[str, object]:
    return {
        "is_complete": outcomes.is_complete,
        "predicted_s": outcomes.predicted_s,
        "actual_s": outcomes.actual_s,
        "elapsed_s": outcomes.elapsed_s,
        "parts": [_part(outcome) for outcome in outcomes.parts],
    }


def _part(outcome: "Outcome") -> dict[str, object]:
    part = outcome.part
    return {
        "dataset": part.dataset,
        "sampler": part.sampler,
        "stage": part.stage,
        "n_runs": part.n_runs,
        "n_done": outcome.n_done,
        "n_epochs": outcome.epochs,
        "predicted_s": outcome.predicted_s,
        "actual_s": outcome.actual_s,
        "devices": outcome.devices,
    }
