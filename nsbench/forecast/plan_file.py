"""Keeps predictions under the home, so that what came of them can be said later."""

import re
from pathlib import Path

from pydantic import ValidationError

from nsbench.errors import SettingsError
from nsbench.files.disk import write_atomically
from nsbench.files.home import Home
from nsbench.forecast.prediction import Prediction

HERE = "here"
"""The place of predictions for the machine that predicts."""


def place_of(place: str, n_replicas: int) -> str:
    """The name of a place where this many runs are trained side by side."""
    return place if n_replicas == 1 else f"{place}-r{n_replicas}"


def plan_path(home: Home, profile: str, fingerprint: str, place: str) -> Path:
    """The file of a profile's prediction; a profile that was changed has another one.

    Args:
        home: Whose.
        profile: The profile's name.
        fingerprint: What `fingerprint_of_profile` gives.
        place: Where it would run, as `place_of` names it: HERE, or a device's name.
    """
    place = re.sub(r"[^A-Za-z0-9._-]+", "-", place)
    return home.root / "plans" / f"{profile}-{fingerprint}-{place}.json"


def write_prediction(prediction: Prediction, path: Path) -> None:
    """Writes a prediction, at once or not at all.

    Raises:
        SettingsError: The home can't be written.
    """

    def write(partial: Path) -> None:
        partial.write_text(prediction.model_dump_json(indent=2) + "\n", encoding="utf-8")

    try:
        write_atomically(path, write)
    except OSError as error:
        raise SettingsError(f"can't write {path}: {error}; set NSBENCH_HOME to a folder that can be written") from error


def read_prediction(path: Path) -> Prediction | None:
    """The kept prediction; None where there is none, or one that another version wrote otherwise."""
    try:
        return Prediction.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
