"""What the paper claims about samplers in general, and what a log's runs say to it."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["holds", "fails", "undecided"]
"""At 95 %: shown, refuted, or neither."""


@dataclass(frozen=True)
class Claim:
    """A claim of the paper's section 5.2, judged on one log.

    Attributes:
        name: Short and stable, such as "random-favours-head".
        text: The claim in a sentence.
        dataset: The log.
        verdict: What this log's runs say; mixed evidence is undecided.
        evidence: The numbers that the verdict rests on, in sentences.
    """

    name: str
    text: str
    dataset: str
    verdict: Verdict
    evidence: str
