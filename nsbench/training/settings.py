"""How a model is trained."""

import math
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from nsbench.search import Choices, FloatRange
from nsbench.training.progress import DEFAULT_PATIENCE

SEQUENCES_PER_VALIDATION = 25_600
"""Sequences, each a row of a batch, that a model is shown between two validations by default: 200 steps of 128 users."""

MOST_SEQUENCES = 10_240_000
"""Sequences that a model is shown by default, at most: 80,000 steps of 128 users.

RetryPolicy is to end trainings; this is only where one stops that creeps on."""

FEWEST_EPOCHS = 20
"""Epochs that a training may take by default however large the log is."""


class TrainingSettings(BaseModel):
    """The optimiser and when to stop."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    learning_rate: Annotated[
        float, Field(gt=0, lt=1, description="Adam's learning rate"), FloatRange(3e-4, 1e-2, log=True)
    ] = 1e-3
    batch_size: Annotated[int, Field(ge=1, description="users in a step"), Choices((64, 128, 256))] = 128
    max_epochs: Annotated[
        int,
        Field(
            ge=0,
            description=f"passes over the users, at most; 0: as many as show the model {MOST_SEQUENCES:,} sequences, at least "
            f"{FEWEST_EPOCHS}",
        ),
    ] = 0
    validate_every: Annotated[
        int,
        Field(
            ge=0,
            description=f"epochs between validations; 0: as many as show the model about {SEQUENCES_PER_VALIDATION:,} sequences, "
            "at least 1",
        ),
    ] = 0
    patience: Annotated[
        int, Field(ge=0, description="stop after this many validations without a better one; 0: never stop early")
    ] = DEFAULT_PATIENCE
    windows: Annotated[
        Literal["last", "all"],
        Field(
            description="last: a user's last max_length targets (SASRec); all: the whole history in windows of max_length"
        ),
    ] = "last"
    user_order: Annotated[
        Literal["shuffled", "with_replacement"],
        Field(description="an epoch is a shuffled pass over the users, or as many draws of users (the published code)"),
    ] = "shuffled"
    epoch_users: Annotated[
        Literal["trained", "all"],
        Field(
            description="an epoch has as many batches as the users with two training interactions fill, or as all users of "
            "the log would (the published code, which draws the former so often)"
        ),
    ] = "trained"
    replay_factor: Annotated[
        float,
        Field(
            ge=0,
            description="the paper's oversampling factor: after this many epochs, batches and their negatives are taken "
            "again from those before; 0: fresh negatives each step",
        ),
    ] = 0.0
    padding: Annotated[
        Literal["masked", "trained"],
        Field(
            description="padded positions leave the loss, or train negatives at a constant state (the published code)"
        ),
    ] = "masked"
    item_optimizer: Annotated[
        Literal["auto", "dense", "row-wise"],
        Field(
            description="Adam over the whole item table each step, or over the rows of the step only; auto: row-wise for "
            "large catalogues"
        ),
    ] = "auto"
    adam_epsilon: Annotated[
        Literal["after_correction", "before_correction"],
        Field(
            description="where Adam adds its epsilon: to the root of the mean square after its bias correction (torch), or "
            "before it (TensorFlow, the published code)"
        ),
    ] = "after_correction"
    item_table: Annotated[
        Literal["copied", "sharded"],
        Field(
            description="where several processes train (torchrun): each has a copy of the item table, or a part of it, with "
            "its share of Adam's moments, for catalogues that no device holds"
        ),
    ] = "copied"

    def budgeted(self, n_sequences: int) -> Self:
        """These settings with the epochs that are left to the log's size written out.

        Epochs mean little by themselves: of a log of 1,000 users one is 8 steps, of a log of a million it is 8,000. The
        budget doesn't depend on batch_size, so that the trials of a study are validated at the same epochs.

        Args:
            n_sequences: Rows of the batches of an epoch.

        >>> small = TrainingSettings().budgeted(1_000)
        >>> small.validate_every, small.max_epochs
        (26, 10244)
        """
        every = self.validate_every or max(1, round(SEQUENCES_PER_VALIDATION / max(1, n_sequences)))
        # The last epoch is one with a validation, so that a budget that is raised later goes on as if it had been so before.
        n_validations = math.ceil(MOST_SEQUENCES / max(1, n_sequences) / every)
        most = self.max_epochs or max(FEWEST_EPOCHS, n_validations * every)
        return self.model_copy(update={"validate_every": every, "max_epochs": most})
