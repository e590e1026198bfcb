"""Which of a sampler's settings count negatives: said once by the sampler's fields, recorded with each run, read by the report.

Free of torch and mlflow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel

_BETWEEN, _IS = "; ", "="


@dataclass(frozen=True)
class Proposed:
    """Marks a field that says how many negatives are proposed for each positive.

    Attributes:
        origin: Which ones, as a table says it after their number, such as "in batch"; empty where that goes without saying.
    """

    origin: str = ""


@dataclass(frozen=True)
class Kept:
    """Marks a field that says how many of the proposed negatives are trained on, the hardest first."""


@dataclass(frozen=True)
class CountFields:
    """The fields of a sampler that count negatives.

    Attributes:
        proposed: Origins by field; the negatives proposed for each positive are these fields' sum.
        kept: The field that says how many of them are kept; None: all are.
    """

    proposed: Mapping[str, str]
    kept: str | None = None

    @classmethod
    def of(cls, settings: type[BaseModel]) -> Self:
        """Those that a settings class marks."""
        proposed: dict[str, str] = {}
        kept: str | None = None
        for name, field in settings.model_fields.items():
            for mark in field.metadata:
                if isinstance(mark, Proposed):
                    proposed[name] = mark.origin
                elif isinstance(mark, Kept):
                    kept = name
        return cls(proposed, kept)

    @classmethod
    def read(cls, proposed: str, kept: str) -> Self:
        """Those that two tags name, as `proposed_text` and `kept` wrote them."""
        pairs = [part.partition(_IS) for part in proposed.split(_BETWEEN) if part]
        return cls({name: origin for name, _, origin in pairs}, kept or None)

    @property
    def proposed_text(self) -> str:
        """The proposed fields with their origins, for a tag.

        >>> CountFields({"n_in_batch": "in batch", "n_uniform": "uniform"}).proposed_text
        'n_in_batch=in batch; n_uniform=uniform'
        """
        return _BETWEEN.join(f"{name}{_IS}{origin}" for name, origin in self.proposed.items())

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.proposed, *([] if self.kept is None else [self.kept]))


UNTAGGED = CountFields({"n_negatives": "", "n_in_batch": "in batch", "n_uniform": "uniform"}, "n_hardest")
"""Of runs that an older version recorded, which did not say: those of the samplers that there were."""
