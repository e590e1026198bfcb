"""A trained model in use: `load_model`, and what can be asked of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, final, get_args

import numpy as np
import pandas as pd
import polars as pl

from nsbench.api.argument import check_top
from nsbench.api.dataset import Dataset, Place, home_of, name_of
from nsbench.api.history import frame_of, is_frame
from nsbench.api.thread import one_thread
from nsbench.api.wording import worded
from nsbench.command.evaluate import evaluate_model
from nsbench.config import Value
from nsbench.data.item_label import ItemLabels
from nsbench.errors import SettingsError
from nsbench.files.home import Home
from nsbench.suggestion import did_you_mean
from nsbench.trained.export.export import ExportFormat, export_model
from nsbench.trained.folder import TrainedModel, open_model
from nsbench.trained.history_frame import histories_in
from nsbench.trained.history_table import HistoryBatch
from nsbench.trained.recommendation_file import recommendation_frame
from nsbench.trained.recommender import Choice, Recommender, SeenRule
from nsbench.trained.reference import find_model
from nsbench.trained.similar import similar_items


@final
@dataclass(frozen=True)
class Model:
    """A trained model, as `load_model` gives it.

    Attributes:
        name: What it was called by.
    """

    name: str
    _home: Home = field(repr=False)
    _trained: TrainedModel = field(repr=False)

    @property
    def method(self) -> str:
        """The method's name, such as "mixed+softmax"."""
        return self._trained.card.method

    @property
    def dataset(self) -> str:
        """The name of the dataset that it was trained on."""
        return self._trained.card.dataset

    @property
    def metrics(self) -> Mapping[str, float]:
        """Those of its run, by full name; undefined ones are left out."""
        return self._trained.card.metrics

    @property
    def settings(self) -> Mapping[str, Value]:
        """Every setting of its run by name."""
        return dict(self._trained.card.settings)

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self._trained.folder

    @worded
    def recommend(
        self,
        histories: pd.DataFrame | pl.DataFrame | Sequence[object],
        *,
        top: int = 10,
        seen: SeenRule = "dataset",
        allow: Sequence[object] | None = None,
        deny: Sequence[object] | None = None,
    ) -> pd.DataFrame:
        """The top items after histories. As `nsbench recommend`.

        Args:
            histories: A DataFrame of one row per interaction (user, item and, if the rows are not in order, timestamp) or one row
                per history (user or id, and items: lists, or text of ids between commas); or the ids of one user, oldest first.
            top: Items of each list.
            seen: Items of the history in the list: keep or exclude them; dataset: as the model was evaluated.
            allow: Only these items; None: all.
            deny: None of these items.

        Returns:
            A row for each item of each list: user (but for the ids of one), rank, item, title (where there are some), score and
            fallback. A user without a known item gets the most popular items, without scores.

        Raises:
            SettingsError: Nothing is left to recommend, or the histories have not one item of the model.
            LogError: A column or an id is missing.

        Examples:
            >>> model = nsbench.load_model("shop@champion")  # doctest: +SKIP
            >>> model.recommend([12, 7, 99], top=5)["item"].tolist()  # doctest: +SKIP
            [44, 3, 81, 15, 60]
        """
        check_top(top)
        if seen not in get_args(SeenRule):
            accepted = get_args(SeenRule)
            raise SettingsError(
                f"seen = {seen!r}{did_you_mean(str(seen), accepted)}: accepted are {', '.join(accepted)}"
            )
        choice = Choice(top, seen, self._numbers("allow", allow), self._numbers("deny", deny))
        frame = frame_of(histories)
        with one_thread():
            recommender = Recommender(self._trained, choice)
            batches = list(histories_in(frame, self._items))
            _check_known(batches, self._trained)
            if not batches:
                raise SettingsError("there is no history to recommend after: the histories have no rows")
            found = [
                recommendation_frame(batch.keys.alias("user"), recommender.recommend(batch.histories), self._items)
                for batch in batches
            ]
        lists = pl.concat(found)
        return (lists if is_frame(histories) else lists.drop("user")).to_pandas()

    @worded
    def similar(self, item: object, *, top: int = 10) -> pd.DataFrame:
        """The items whose vectors lie nearest to an item's: rank, item, title (where there are some) and cosine.

        Raises:
            SettingsError: The model has no such item, or it was never trained.
        """
        check_top(top)
        (number,) = self._found("item", [item])
        if not number:
            known = ", ".join(map(str, self._items.labels.head(3)))
            raise SettingsError(f"the model has no item {item!r}; its items are called such as {known}")
        found = similar_items(self._trained, int(number), top)
        items, places = self._items, found.items - 1
        columns = [pl.Series("rank", np.arange(1, len(places) + 1)), items.labels.gather(places).alias("item")]
        if items.titles is not None:
            columns.append(items.titles.gather(places).alias("title"))
        return pl.DataFrame([*columns, pl.Series("cosine", found.cosines)]).to_pandas()

    @worded
    def export(self, folder: Path | str, kind: ExportFormat = "pyfunc", *, top: int = 100) -> list[Path]:
        """Writes the model for other programs, and gives the files, relative to the folder. As `nsbench export`.

        Args:
            folder: Must not exist, or be empty.
            kind: "pyfunc" for `mlflow models serve`, "torch-export" or "onnx" for a graph, "vectors" for an index.
            top: Items of each list, at most.

        Raises:
            SettingsError: The folder holds something, there is no such kind, or a package is missing.
            StorageError: The folder can't be written.
        """
        return export_model(self._trained, kind, Path(folder), top)

    @worded
    def evaluate(
        self, dataset: Dataset | str | None = None, *, settings: Mapping[str, Value] | None = None, track: bool = True
    ) -> pd.Series:
        """The test metrics under another protocol or on another dataset, by full name. As `nsbench evaluate`.

        Args:
            dataset: Another one than it was trained on; None: that one.
            settings: What is changed of its run's evaluation, such as {"targets": "last"}.
            track: Whether the answer is recorded in MLflow.

        Raises:
            SettingsError: A setting isn't accepted.
            DatasetError: There is no such dataset.
        """
        name = None if dataset is None else name_of(dataset)
        with one_thread():
            found = evaluate_model(self.name, settings or {}, name, self._home, is_tracked=track)
        return pd.Series(dict(found.record.metrics), name=self.name, dtype=float)

    @cached_property
    def _items(self) -> ItemLabels:
        return self._trained.items

    def _numbers(self, what: Literal["allow", "deny"], ids: Sequence[object] | None) -> np.ndarray | None:
        if ids is None:
            return None
        if isinstance(ids, str):  # Else its letters would be taken for ids.
            raise SettingsError(f"{what} is a list of ids, not the text {ids!r}; give [{ids!r}]")
        numbers = np.asarray(self._found(what, ids))
        return np.unique(numbers[numbers > 0]).astype(np.int32)

    def _found(self, what: str, ids: Sequence[object]) -> Sequence[int]:
        """The numbers of ids, 0 where unknown."""
        texts = self._items.texts(pl.Series([None if one is None else str(one) for one in ids], dtype=pl.String))
        if texts.null_count():
            raise SettingsError(f"{what} holds an id that is missing (None, NaN or empty); leave it out")
        return [int(number) for number in self._items.numbers(texts)]


@worded
def load_model(name: Path | str, *, home: Place = None) -> Model:
    """Loads a trained model.

    Args:
        name: A folder, a run's id or how it begins, DATASET/METHOD (its best), NAME@ALIAS or NAME/VERSION of the registry.
        home: The folder where everything is kept; None: NSBENCH_HOME.

    Raises:
        SettingsError: There is no such model, or more than one.
        DatasetError: Its files are damaged.
        TrackingError: The store can't be read.
    """
    place = home_of(home)
    return Model(str(name), place, open_model(find_model(str(name), place).folder))


def _check_known(batches: Sequence[HistoryBatch], trained: TrainedModel) -> None:
    n_ids, n_unknown = (sum(getattr(batch, name) for batch in batches) for name in ("n_given", "n_unknown"))
    if n_ids and n_ids == n_unknown:
        known = ", ".join(map(str, trained.items.labels.head(3)))
        raise SettingsError(
            f"none of the {n_ids:,} ids is an item of the model, which was trained on {trained.card.dataset}; its items are "
            f"called such as {known}"
        )
