"""Parts and predictions whose seconds are round numbers."""

from nsbench.forecast.epochs import Epochs
from nsbench.forecast.prediction import Part, Prediction, Stage


def part(stage: Stage = "trials", n_runs: int = 4, epochs: Epochs | None = None, sampler: str = "random") -> Part:
    """Runs of 2 s to set up, 10 s an epoch, 3 s a look every second epoch, and 5 s of test where there is one."""
    return Part(
        dataset="small",
        sampler=sampler,
        stage=stage,
        n_runs=n_runs,
        epochs=epochs or Epochs(least=6, most=10, typical=10),
        validate_every=2,
        n_steps=100,
        n_positives=5_000,
        epoch_s=10.0,
        look_s=3.0,
        test_s=0.0 if stage == "trials" else 5.0,
        setup_s=2.0,
        run_disk_bytes=1_000,
    )


def prediction(*parts: Part, n_at_once: int = 2) -> Prediction:
    """A prediction of these parts."""
    return Prediction(
        profile="mine",
        fingerprint="0" * 12,
        device="cpu",
        is_measured=True,
        how="measured",
        n_at_once=n_at_once,
        parts=parts,
        datasets={"small": "prepared"},
        memory_bytes=1,
        memory_limit_bytes=None,
        is_per_device=False,
        disk_bytes=1,
        nsbench="0",
    )
