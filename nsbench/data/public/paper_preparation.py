"""Prepares a public log as the paper most likely did.

The paper doesn't say how; what it does say, and the counts in its released runs, fit the recipe of the authors' source:
views only, visits cut at one-hour gaps, immediate repeats removed, then visits of one interaction and items with fewer
than five left out until nothing changes; where a user isn't cut into visits, a user counts as one. Cut 90/5/5 by rows.
"""

from pathlib import Path

from nsbench.data.dataset import DatasetCard
from nsbench.data.log.ingest import ReadOptions
from nsbench.data.log.prepare import prepare_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.origin import LogOrigin
from nsbench.data.public.sources import Source
from nsbench.home import Home


def paper_options(source: Source) -> PrepareOptions:
    """What the paper's preparation keeps of a public log, and how it cuts it.

    Source: Hidasi and Czapp, "Effect of third-party implementations on reproducibility", RecSys 2023.
    """
    return PrepareOptions(
        session_gap_s=source.session_gap_s,
        repeats="drop-immediate",
        duplicates="keep",
        min_user_interactions=2,
        min_item_interactions=5,
        split_by="rows",
        valid_share=0.05,
        test_share=0.05,
    )


def prepare_as_paper(source: Source, log: Path, home: Home, *, replace: bool = False) -> DatasetCard:
    """Prepares a fetched log as dataset `source.name`.

    Args:
        source: Which public log.
        log: What `nsbench.data.public.sources.fetch_log` gave.
        home: Where datasets are.
        replace: Whether a dataset of this name and other content is replaced.

    Raises:
        LogError: The file isn't that log.
        DatasetError: The name is taken by other content, or the home can't be written.
    """
    read = ReadOptions(events=() if source.events is None else (source.events,))
    origin = LogOrigin(file=log.name, url=source.url, homepage=source.homepage)
    return prepare_log(log, read, paper_options(source), source.name, home, replace=replace, published=origin)
