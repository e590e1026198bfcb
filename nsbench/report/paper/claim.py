"""What the paper claims about samplers in general, and whether a dataset's runs bear it out."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["holds", "fails", "undecided"]
"""At 95 %: shown, refuted, or neither."""


@dataclass(frozen=True)
class Finding:
    """What some runs show of a claim.

    Attributes:
        verdict: Mixed evidence is undecided.
        evidence: The numbers that the verdict rests on, or what is missing, in sentences.
        is_judged: Whether there are runs of all that the claim is about.
    """

    verdict: Verdict
    evidence: str
    is_judged: bool = True


@dataclass(frozen=True)
class LossFinding:
    """What the methods with one loss and the paper's backbone show of a claim.

    Attributes:
        loss: The loss's label.
        finding: What they show.
    """

    loss: str
    finding: Finding


@dataclass(frozen=True)
class Claim:
    """A claim of the paper's section 5.2, judged on one dataset.

    Attributes:
        name: Short and stable, such as "random-favours-head".
        text: The claim in a sentence.
        dataset: The dataset's name.
        verdict: What its runs with the paper's loss show; mixed evidence is undecided.
        evidence: The numbers that the verdict rests on, in sentences.
        by_loss: The same for each loss that was trained, the paper's first.
    """

    name: str
    text: str
    dataset: str
    verdict: Verdict
    evidence: str
    by_loss: tuple[LossFinding, ...] = ()

    @property
    def judged(self) -> tuple[LossFinding, ...]:
        """Of the losses that have runs of all that the claim is about."""
        return tuple(one for one in self.by_loss if one.finding.is_judged)

    @property
    def across_losses(self) -> str:
        """For which losses the claim holds, fails and is undecided, in words.

        >>> found = [LossFinding(loss, Finding(verdict, "")) for loss, verdict in [("BCE", "holds"), ("BPR", "undecided")]]
        >>> Claim("", "", "", "holds", "", tuple(found)).across_losses
        'holds for BCE alone; undecided for BPR'
        """
        labels: dict[Verdict, list[str]] = {"holds": [], "fails": [], "undecided": []}
        for one in self.judged:
            labels[one.finding.verdict].append(one.loss)
        verdicts = [verdict for verdict, own in labels.items() if own]
        if not verdicts:
            return "not judged"
        if len(self.judged) == 1:
            return f"{verdicts[0]} for {self.judged[0].loss}, the only loss judged"
        if len(verdicts) == 1:
            return f"{verdicts[0]} for all losses judged: {', '.join(labels[verdicts[0]])}"
        alone = " alone" if len(labels["holds"]) == 1 else ""
        return "; ".join(
            f"{verdict} for {', '.join(own)}{alone if verdict == 'holds' else ''}"
            for verdict, own in labels.items()
            if own
        )
