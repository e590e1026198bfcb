"""A sampler says itself which of its fields count negatives."""

from typing import Annotated, ClassVar

import pytest

from nsbench.config import Settings
from nsbench.negative_count import UNTAGGED, CountFields, Kept, Proposed
from nsbench.samplers import SAMPLERS, SamplerSettings
from nsbench.samplers.random import RandomSettings


class OtherNames(RandomSettings):
    """Counts by names of its own."""

    name: ClassVar[str] = "other-names"
    n_rare: Annotated[int, Proposed("rare")] = 30
    n_trained: Annotated[int, Kept()] = 5


@pytest.mark.parametrize(
    ("sampler", "expected"),
    [
        ("random", CountFields({"n_negatives": ""})),
        ("mixed", CountFields({"n_in_batch": "in batch", "n_uniform": "uniform"})),
        ("adaptive", CountFields({"n_negatives": ""}, "n_hardest")),
        ("adaptive-mixed", CountFields({"n_in_batch": "in batch", "n_uniform": "uniform"}, "n_hardest")),
    ],
)
def test_the_fields_are_those_that_are_marked(sampler: str, expected: CountFields) -> None:
    assert SAMPLERS[sampler].count_fields() == expected


def test_every_sampler_proposes_what_its_fields_sum_to() -> None:
    """But for the whole catalogue, whose number is the log's."""
    for name, settings in SAMPLERS.items():
        fields = Settings.of(name).flat()
        if settings.proposes_positive:
            assert (settings().n_scored(40), settings().n_trained_on(40)) == (40, 39)
            continue
        assert settings().n_proposed == sum(int(fields.get(count) or 0) for count in UNTAGGED.proposed) > 0


def test_fields_of_other_names_count_too() -> None:
    assert OtherNames(n_negatives=12).n_proposed == 42
    assert OtherNames.count_fields().names == ("n_negatives", "n_rare", "n_trained")


@pytest.mark.parametrize("settings", [*SAMPLERS.values(), OtherNames])
def test_what_a_tag_says_is_read_back(settings: type[SamplerSettings]) -> None:
    fields = settings.count_fields()
    assert CountFields.read(fields.proposed_text, fields.kept or "") == fields
