"""Repeats of methods with all their settings, as if a sweep had made them."""

from collections.abc import Sequence
from dataclasses import replace

from nsbench.config import Settings, Value
from nsbench.terms import Tag
from nsbench.tracking.stored_run import StoredRun
from tests.report.stored_run_builder import repeats


def swept(name: str, hit_rates: Sequence[float], first_minute: int = 0, **values: Value) -> list[StoredRun]:
    """One repeat a hit rate, of a method with some settings changed; head, mid and tail have twice, once and half of it."""
    settings = Settings.of(name, values)
    tags = {
        Tag.LOSS.value: settings.loss.name,
        Tag.LOSS_SETTINGS.value: ",".join(type(settings.loss).model_fields),
        Tag.MODEL.value: settings.model.name,
        Tag.N_PROPOSED.value: settings.sampler.count_fields().proposed_text,
    }
    return [
        replace(
            run,
            run_id=f"{settings.method.name}-{settings.fingerprint()}-{run.seed}",
            sampler=settings.method.name,
            label=settings.method.label,
            fingerprint=settings.fingerprint(),
            params={field: str(value) for field, value in settings.flat().items()},
            tags=tags,
        )
        for run in repeats(name, list(hit_rates), 0.5, first_minute=first_minute)
    ]
