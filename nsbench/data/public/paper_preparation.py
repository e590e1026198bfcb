"""Prepares a public log as the paper most likely did.

The paper doesn't say how; what it does say, and the counts in its released runs, fit the recipe of the authors' source:
views only, sessions cut at one-hour gaps, immediate repeats removed, then sessions of one interaction and items with fewer
than five left out until nothing changes; where a user isn't cut into sessions, a user counts as one. Cut 90/5/5 by rows.
"""

from pathlib import Path

from nsbench.data.dataset import DatasetCard
from nsbench.data.log.prepare import prepare_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.public.public_log import PublicLog
from nsbench.files.home import Home


def paper_options(public_log: PublicLog) -> PrepareOptions:
    """What the paper's preparation keeps of a public log, and how it cuts it.

    Source: Hidasi and Czapp, "Effect of third-party implementations on reproducibility", RecSys 2023.
    """
    return PrepareOptions(
        session_gap_s=public_log.session_gap_s,
        repeats="drop-immediate",
        duplicates="keep",
        min_user_interactions=2,
        min_item_interactions=5,
        split_by="rows",
        valid_share=0.05,
        test_share=0.05,
    )


def prepare_as_paper(public_log: PublicLog, log: Path, home: Home, *, replace: bool = False) -> DatasetCard:
    """Prepares a fetched log as a dataset of its name.

    Args:
        public_log: Which one.
        log: What `nsbench.data.public.public_log.fetch_log` gave.
        home: Where datasets are.
        replace: Whether a dataset of this name and other content is replaced.

    Raises:
        LogError: The file isn't that log.
        DatasetError: The name is taken by other content, or the home can't be written.
    """
    return prepare_log(
        log,
        public_log.read,
        paper_options(public_log),
        public_log.name,
        home,
        replace=replace,
        origin=public_log.origin.model_copy(update={"file": log.name}),
        reader=public_log.reader,
    )
