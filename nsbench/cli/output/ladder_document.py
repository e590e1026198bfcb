"""What `nsbench ablate --json` says: every run of the ladder with its rung."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nsbench.ablation.rung import PROBES, RUNGS
from nsbench.terms import CUT_OFF, Tag

if TYPE_CHECKING:
    from nsbench.tracking.stored_run import StoredRun


def ladder_document(dataset: str, ladder: str, runs: "Sequence[StoredRun]", n_failed: int) -> dict[str, object]:
    """The rungs in order, and the finished runs.

    Args:
        dataset: Its name.
        ladder: What is otherwise than in the presets at every rung.
        runs: The finished runs of the methods that were asked for.
        n_failed: How many failed.
    """
    names = [*(rung.name for rung in RUNGS), *(probe.name for probe in PROBES)]
    places = {name: place for place, name in enumerate(names)}
    return {
        "dataset": dataset,
        "ladder": ladder,
        "rungs": [{"name": rung.name, "switches": list(rung.switches), "what": rung.what} for rung in RUNGS],
        "probes": [{"name": probe.name, "beside": probe.beside, "what": probe.what} for probe in PROBES],
        "runs": [
            {
                "run_id": run.run_id,
                "sampler": run.sampler,
                "rung": run.tags.get(Tag.RUNG),
                "probed": run.tags.get(Tag.PROBED),
                "seed": run.seed,
                "protocol": run.protocol,
                "model_run_id": run.tags.get(Tag.EVALUATED),
                "cut_off": bool(run.metrics.get(CUT_OFF)),
                "metrics": {name: value for name, value in run.metrics.items() if name.startswith("test/")},
            }
            for run in sorted(
                runs, key=lambda run: (places.get(run.tags.get(Tag.RUNG, ""), 0), run.sampler, run.seed or 0)
            )
        ],
        "n_failed": n_failed,
    }
