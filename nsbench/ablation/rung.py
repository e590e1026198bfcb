"""The rungs of the ladder from `configs/presets/reference.yaml` to `configs/presets/sound.yaml`.

Each rung turns some switches from the one preset's side to the other's, and keeps what the rungs before it have turned. A new
rung is a line in RUNGS; its place there is its place on the ladder. Which of them need a training of their own follows from what
they turn, and from `chooses`, in `nsbench.study.ablation.ladder`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rung:
    """A step of the ladder.

    Attributes:
        name: In tags, tables and `--json`.
        title: Under the axis of a figure, and in tables.
        switches: The settings that it turns.
        what: What it changes, in a sentence.
        chooses: Whether it has a training of its own although it turns nothing of one: the best epoch is chosen by validations
            under its protocol, in place of that of the rung whose model it would rank again.
    """

    name: str
    title: str
    switches: tuple[str, ...]
    what: str
    chooses: bool = False


@dataclass(frozen=True)
class Probe:
    """A run beside the ladder: what an adaptive sampler selects from, trained on whole.

    Attributes:
        name: In tags, tables and `--json`.
        title: In tables.
        beside: The rung whose other settings it has.
        is_lowered: Whether its negatives weigh selected / proposed, as much as those of the adaptive sampler before
            unselected ones left the mean.
        what: What it answers, in a sentence.
    """

    name: str
    title: str
    beside: str
    is_lowered: bool
    what: str


RUNGS: tuple[Rung, ...] = (
    Rung("published", "published code", (), "the paper's published code"),
    Rung("padding", "padding masked", ("padding",), "padded positions no longer train negatives"),
    Rung(
        "selected",
        "mean over selected",
        ("unselected_negatives", "hardest_ties", "negative_reduction"),
        "negatives that an adaptive sampler does not select leave the mean, so that its negatives weigh 1 instead of K/N",
    ),
    Rung("fresh", "fresh negatives", ("replay_factor",), "batches and their negatives are no longer replayed"),
    # Behind `fresh`: batches are replayed after 30 epochs only, which a training that stops early may not reach.
    Rung(
        "stopping",
        "early stopping",
        ("max_epochs", "validate_every", "patience"),
        "a training is validated often and stops when it no longer gets better",
    ),
    Rung(
        "proposals",
        "whole history",
        ("exclude_history", "popularity_counts"),
        "a user's whole history is never a negative, and popularity counts interactions",
    ),
    Rung(
        "cold",
        "cold items out",
        ("cold_items", "unseen_in_history"),
        "items without a training interaction are no candidates, no negatives and no history",
    ),
    Rung(
        "cohorts", "cohorts' borders", ("cohort_counts", "cohort_rule"), "cohorts go by interactions, and none is empty"
    ),
    Rung(
        "seen",
        "seen items out",
        ("seen_items",),
        "items of the user's history leave the ranking where users don't repeat",
    ),
    Rung("rolling", "rolling targets", ("targets",), "each test item is ranked after all that came before it"),
    # Apart from `rolling`: frozen targets with seen items may prefer a model that has learnt little more than popularity.
    Rung(
        "choice",
        "best epoch chosen anew",
        (),
        "the best epoch is chosen by validations that are made as the test is",
        chooses=True,
    ),
    Rung(
        "epochs",
        "shuffled epochs",
        ("user_order", "epoch_users"),
        "an epoch is a shuffled pass over the users with something to train on",
    ),
    Rung(
        "optimizer",
        "Adam as in torch",
        ("adam_epsilon", "item_optimizer"),
        "Adam adds its epsilon after the bias correction, and leaves items of large catalogues alone that a step has not drawn",
    ),
    Rung(
        "attention", "attention output", ("attention_output",), "what attention mixes has an output weight of its own"
    ),
    Rung("ties", "ties by mean rank", ("ties",), "a target among equal scores has the mean of its possible ranks"),
)
"""From the published protocol to the sound one."""

PROBES: tuple[Probe, ...] = (
    Probe("pool", "its pool", "selected", is_lowered=False, what="all proposed negatives, of weight 1"),
    Probe(
        "lighter-pool",
        "its pool, weight K/N",
        "selected",
        is_lowered=True,
        what="all proposed negatives, of weight K/N",
    ),
)
"""With the adaptive sampler at the rungs `padding` (weight K/N) and `selected` (weight 1): is it hardness, or a lower weight?"""

RUNG_NAMES: tuple[str, ...] = tuple(rung.name for rung in RUNGS)
"""In the order of the ladder."""

AS_PRESETS = "as the presets"
"""What a ladder is called that changes nothing beside its rungs."""
