"""Whose lists `nsbench recommend` is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nsbench.errors import SettingsError
from nsbench.files.home import Home

if TYPE_CHECKING:
    from nsbench.trained.folder import TrainedModel
    from nsbench.trained.history_table import HistoryBatch


@dataclass(frozen=True)
class Asked:
    """Whose lists are asked for, and where they go; as the command's options."""

    history: str | None
    histories: Path | None
    users: Literal["all", "test"] | None
    dataset: str | None
    output: Path | None

    def check(self) -> None:
        """Checks that the options name one thing.

        Raises:
            SettingsError: They don't.
            NsbenchError: The output can't be written.
        """
        given = [self.history is not None, self.histories is not None, self.users is not None]
        if sum(given) != 1:
            raise SettingsError(
                f"give one of --history, --histories and --users, not {sum(given)}: --history 12,7,99 is a user, --histories "
                "FILE a table of users, --users all those of the model's dataset"
            )
        if self.dataset is not None and self.users is None:
            raise SettingsError("--dataset says whose users --users means; leave it out, or add --users all")
        if self.output is None and self.history is None:
            raise SettingsError("the lists of many users go into a file; add --output FILE.parquet, .csv or .jsonl")
        if self.output is not None:
            from nsbench.trained.recommendation_file import check_table_place

            check_table_place(self.output, "the recommendations")

    def batches(self, trained: "TrainedModel", home: Home) -> "Iterator[HistoryBatch]":
        """The histories.

        Raises:
            NsbenchError: A file can't be read, an id is missing, or the dataset is not the model's.
        """
        import numpy as np
        import polars as pl

        from nsbench.trained.dataset_histories import dataset_of, user_batches
        from nsbench.trained.history_table import HistoryTable, batch_of
        from nsbench.trained.history_text import check_no_printed_list, split_ids

        if self.users is not None:
            yield from user_batches(dataset_of(trained.card, self.dataset, home), self.users, home)
        elif self.histories is not None:
            yield from HistoryTable(self.histories, trained.items).batches()
        else:
            written = pl.Series([self.history or ""], dtype=pl.String)
            check_no_printed_list(written, trained.items, "--history")
            ids = split_ids(self.history or "")
            texts = trained.items.texts(pl.Series(ids, dtype=pl.String))
            if texts.null_count():
                raise SettingsError(
                    f"--history {self.history!r} holds an id that is missing (empty, or a word such as nan); give ids between "
                    "commas"
                )
            yield batch_of(pl.Series("user", [""]), trained.items.numbers(texts), np.array([len(ids)]))
