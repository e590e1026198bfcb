"""What the paper claims about samplers in general, and whether a dataset's runs bear it out."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["holds", "fails", "undecided"]
"""At 95 %: shown, refuted, or neither."""


@dataclass(frozen=True)
class Claim:
    """A claim of the paper's section 5.2, judged on one dataset.

    Attributes:
        name: Short and stable, such as "random-favours-head".
        text: The claim in a sentence.
        dataset: The dataset's name.
        verdict: What its runs show; mixed evidence is undecided.
        evidence: The numbers that the verdict rests on, in sentences.
    """

    name: str
    text: str
    dataset: str
    verdict: Verdict
    evidence: str
