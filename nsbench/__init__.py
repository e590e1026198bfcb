"""nsbench: which negative sampling should train your sequence recommender, and what does it cost head, mid and tail items?

From Python: `prepare(...)` makes a dataset of a log or a DataFrame; `tune(...)`, `repeat(...)` and `baseline(...)` make runs on
it, and `train(...)` a single one; `ablate(...)` climbs from the paper's protocol to a sound one; `compare(...)` compares them,
`evaluate(...)` ranks by them under another protocol,
`results(...)` lists them all, and `load_model(...)` asks a trained model. Each name is imported when it is first asked for, so
that `import nsbench` costs nothing.

The package is laid out in floors; imports go down only (see `[tool.importlinter]` in pyproject.toml):
`cli`, `api` -> `command`, `view` -> `forecast` -> `report`, `study`, `bench` -> `runs` -> `tracking` -> `config` -> `training`,
`evaluation` -> `samplers`, `losses`, `models` -> `batching` -> `data` -> `tensors` -> `files`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nsbench.api.ablation import Ablation, ablate
    from nsbench.api.comparison import Comparison, compare
    from nsbench.api.dataset import Dataset
    from nsbench.api.evaluation import evaluate
    from nsbench.api.model import Model, load_model
    from nsbench.api.preparation import prepare
    from nsbench.api.repeats import Runs, baseline, repeat
    from nsbench.api.results import results
    from nsbench.api.run import Run, train
    from nsbench.api.study import Studies, Study, tune
    from nsbench.errors import (
        DatasetError,
        LogError,
        NsbenchError,
        SettingsError,
        StorageError,
        TrackingError,
        TrainingError,
    )

__version__ = "0.2.0"

__all__ = [
    "Ablation",
    "Comparison",
    "Dataset",
    "DatasetError",
    "LogError",
    "Model",
    "NsbenchError",
    "Run",
    "Runs",
    "SettingsError",
    "StorageError",
    "Studies",
    "Study",
    "TrackingError",
    "TrainingError",
    "ablate",
    "baseline",
    "compare",
    "evaluate",
    "load_model",
    "prepare",
    "repeat",
    "results",
    "train",
    "tune",
]

_ROOMS = {
    "nsbench.api.ablation": ("Ablation", "ablate"),
    "nsbench.api.comparison": ("Comparison", "compare"),
    "nsbench.api.dataset": ("Dataset",),
    "nsbench.api.evaluation": ("evaluate",),
    "nsbench.api.model": ("Model", "load_model"),
    "nsbench.api.preparation": ("prepare",),
    "nsbench.api.repeats": ("Runs", "baseline", "repeat"),
    "nsbench.api.results": ("results",),
    "nsbench.api.run": ("Run", "train"),
    "nsbench.api.study": ("Studies", "Study", "tune"),
    "nsbench.errors": (
        "DatasetError",
        "LogError",
        "NsbenchError",
        "SettingsError",
        "StorageError",
        "TrackingError",
        "TrainingError",
    ),
}
"""Where each public name is defined."""


def __getattr__(name: str) -> object:
    """A public name, imported when it is first asked for."""
    room = next((room for room, names in _ROOMS.items() if name in names), None)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(room), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
