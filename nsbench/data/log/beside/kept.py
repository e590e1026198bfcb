"""All that is kept beside the interactions, as it is asked for and as it is written."""

from dataclasses import dataclass
from typing import final

from nsbench.data.beside.availability import AvailabilityCounts
from nsbench.data.beside.explicit_negative import ExplicitNegativeCounts
from nsbench.data.log.beside.item_dates import write_item_dates
from nsbench.data.log.beside.negative_writer import WrittenLog, write_negatives
from nsbench.data.log.staging import Staged


@final
@dataclass(frozen=True)
class Kept:
    """What was written, in the words of the card; None where nothing was asked for."""

    explicit_negatives: ExplicitNegativeCounts | None
    availability: AvailabilityCounts | None

    @property
    def options(self) -> dict[str, str]:
        """What the card's options say of it beside those of reading."""
        return {} if self.availability is None else {"available": self.availability.source}


@final
@dataclass(frozen=True)
class Beside:
    """What is to be kept beside the interactions.

    Attributes:
        negatives: The rows that are explicit negatives; None: there are none.
        available: A table of items and their dates, or FIRST_SEEN; None: items are always available.
    """

    negatives: Staged | None = None
    available: str | None = None

    def write(self, log: WrittenLog) -> Kept:
        """Writes it beside a dataset's arrays.

        Raises:
            LogError: The dates can't be read.
        """
        negatives = None if self.negatives is None else write_negatives(self.negatives, log)
        dates = None if self.available is None else write_item_dates(self.available, log.folder, log.tick)
        return Kept(negatives, dates)


NOTHING = Beside()
"""Of a log of which only interactions are kept."""
