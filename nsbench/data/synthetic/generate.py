"""Synthetic logs of any size, prepared like any other log, with the best reachable hit rate on their card.

Those in `BUILTIN` appear when they are asked for. What the logs are drawn from stands in `markov_chain` (which item comes
next), `synthetic_log` (how many and when) and `shapes` (like which dataset).
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl

from nsbench.data.beside.truth import TRUTH_FILE
from nsbench.data.dataset import DatasetCard
from nsbench.data.log.prepare import prepare_frame
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.origin import SyntheticOrigin
from nsbench.data.store import dataset_exists, load_dataset, read_item_labels
from nsbench.data.store_writing import replace_best_reachable, save_dataset, writing_folder
from nsbench.data.synthetic.best_reachable import best_reachable, most_wanted, truth_of
from nsbench.data.synthetic.markov_chain import Chain, draw_chain
from nsbench.data.synthetic.shapes import SHAPES, Likeness, Shape
from nsbench.data.synthetic.synthetic_log import LARGEST_CATALOGUE_SHARE, draw_log
from nsbench.errors import SettingsError
from nsbench.files.home import Home
from nsbench.seeding import derive_seed

DEMO: Likeness = "demo"
"""The built-in dataset's name."""
MOST_INTERACTIONS = 10**8
MOST_ITEMS = 10**7
FEWEST_ITEMS = 100
STEEPEST_SKEW = 2.0
"""Beyond it next to nothing is left to draw for users with a quarter of the catalogue."""
MOST_ITEMS_WITH_TRUTH = 10**5
"""Models are compared with the truth item by item, history by history."""


@dataclass(frozen=True)
class SyntheticSettings:
    """What fixes a synthetic log; the same settings give the same log on any machine.

    Attributes:
        like: A key of `SHAPES`: the dataset that it resembles in popularity, lengths, repeats and pauses.
        n_users: Number of users.
        n_items: Size of the catalogue; an item that no user happens to take is not in the prepared dataset.
        n_interactions: About how many interactions.
        skew: Power that the dataset's popularity curve is raised to: 1 as the dataset, 0 all alike, 2 steeper.
        seed: Root of all randomness.
        popularity_bias: How much more popular items are logged than users want them: what is logged is in proportion to what
            they want times popularity to the power of it. None: not at all, and nothing is kept of what they want.
    """

    like: Likeness
    n_users: int
    n_items: int
    n_interactions: int
    skew: float = 1.0
    seed: int = 0
    popularity_bias: float | None = None

    def __post_init__(self) -> None:
        """Checks the sizes against one another.

        Raises:
            SettingsError: A size is out of range.
        """
        if not FEWEST_ITEMS <= self.n_items <= MOST_ITEMS:
            raise SettingsError(f"{self.n_items} items: accepted are {FEWEST_ITEMS} to {MOST_ITEMS:,}.")
        if self.n_users < 1 or not 2 * self.n_users <= self.n_interactions <= MOST_INTERACTIONS:
            raise SettingsError(
                f"{self.n_interactions} interactions of {self.n_users} users: accepted are at least 1 user, at least 2 "
                f"interactions per user, and at most {MOST_INTERACTIONS:,} interactions."
            )
        if self.n_interactions > LARGEST_CATALOGUE_SHARE * self.n_items * self.n_users:
            raise SettingsError(
                f"{self.n_interactions} interactions of {self.n_users} users are more than a quarter of {self.n_items} items "
                "each. Ask for more users, more items or fewer interactions."
            )
        if not 0.0 <= self.skew <= STEEPEST_SKEW:
            raise SettingsError(f"A skew of {self.skew}: accepted are 0 to {STEEPEST_SKEW:g}.")
        if self.popularity_bias is not None:
            self._check_bias(self.popularity_bias)

    def _check_bias(self, bias: float) -> None:
        most = STEEPEST_SKEW / self.skew - 1 if self.skew else np.inf
        if not 0.0 <= bias <= most:
            raise SettingsError(
                f"A popularity bias of {bias:g} with a skew of {self.skew:g}: accepted are 0 to {most:g}, since the log's skew, "
                f"which is skew * (1 + bias), is {STEEPEST_SKEW:g} at most. Ask for a smaller bias or a smaller skew."
            )
        if self.n_items > MOST_ITEMS_WITH_TRUTH:
            raise SettingsError(
                f"{self.n_items:,} items with a popularity bias: accepted are up to {MOST_ITEMS_WITH_TRUTH:,}, since models are "
                "compared with what users want item by item. Ask for fewer items, or leave the bias out."
            )

    @property
    def shape(self) -> Shape:
        """The numbers behind `like`."""
        return SHAPES[self.like]

    @property
    def default_name(self) -> str:
        """What the dataset is called when no name is given; only the built-in log itself is called demo."""
        return DEMO if self == settings_like(DEMO) else f"synthetic-{self.like}"

    @property
    def origin(self) -> SyntheticOrigin:
        """The settings for the card."""
        return SyntheticOrigin(**asdict(self))


def settings_like(
    like: Likeness,
    *,
    n_users: int | None = None,
    n_items: int | None = None,
    n_interactions: int | None = None,
    skew: float = 1.0,
    seed: int = 0,
    popularity_bias: float | None = None,
) -> SyntheticSettings:
    """Fills in the sizes that aren't given: users and interactions keep the dataset's mean length.

    Raises:
        SettingsError: A size is out of range.
    """
    shape = SHAPES[like]
    mean_length = shape.n_interactions / shape.n_users
    if n_users is None:
        n_users = shape.n_users if n_interactions is None else max(1, round(n_interactions / mean_length))
    if n_interactions is None:
        n_interactions = round(n_users * mean_length)
    n_items = shape.n_items if n_items is None else n_items
    return SyntheticSettings(like, n_users, n_items, n_interactions, skew, seed, popularity_bias)


def chain_of(settings: SyntheticSettings) -> Chain:
    """The chain that a log of these settings is drawn from."""
    generator = np.random.default_rng(derive_seed(settings.seed, "synthetic-chain"))
    return draw_chain(settings.shape, settings.n_items, settings.skew, generator, settings.popularity_bias or 0.0)


def prepare_synthetic(name: str, settings: SyntheticSettings, home: Home, *, replace: bool = False) -> DatasetCard:
    """Draws a log, prepares it as dataset `name`, and puts the best reachable hit rate on its card.

    The log is drawn in chunks that go through a hidden folder, so memory stays bounded, and the dataset appears whole.

    Args:
        name: The dataset's name.
        settings: What to draw.
        home: Where datasets are.
        replace: Whether a dataset of this name and other content is replaced.

    Raises:
        DatasetError: The name isn't accepted or is taken, or the home can't be written.
    """
    chain = chain_of(settings)
    with writing_folder(name, home) as folder:
        frame = _write_log(chain, settings, folder)
        options = PrepareOptions(seen_items="keep" if settings.shape.repeats else "exclude")
        hidden = Home(folder)
        prepare_frame(frame, options, settings.origin, name, hidden)
        chain_items = np.concatenate([[-1], read_item_labels(name, hidden).cast(pl.Int64).to_numpy()])
        dataset, wanted = load_dataset(name, hidden), None
        if settings.popularity_bias is not None:
            truth = truth_of(chain, chain_items)
            truth.write(hidden.datasets / name / TRUTH_FILE)
            wanted = most_wanted(dataset, truth)
        card = replace_best_reachable(name, hidden, best_reachable(dataset, chain_items, chain), wanted)
        save_dataset(hidden.datasets / name, card, home, replace=replace)
    return card


def _bias_settings(popularity_bias: float) -> SyntheticSettings:
    return settings_like(DEMO, n_users=2_000, n_items=300, n_interactions=30_000, popularity_bias=popularity_bias)


BUILTIN = {
    DEMO: settings_like(DEMO),
    "bias-0": _bias_settings(0.0),
    "bias-0.5": _bias_settings(0.5),
    "bias-1": _bias_settings(1.0),
}
"""The built-in datasets by name: the demo, and one log with three biases towards popular items."""


def prepare_demo(home: Home) -> DatasetCard:
    """Prepares the built-in log: about 3,000 users and 1,200 items, in a second or two."""
    return prepare_synthetic(DEMO, BUILTIN[DEMO], home)


def ensure_builtin(name: str, home: Home) -> None:
    """Prepares the dataset if it is a built-in one that isn't there yet; leaves every other name alone."""
    if name in BUILTIN and not dataset_exists(name, home):
        prepare_synthetic(name, BUILTIN[name], home)


def _write_log(chain: Chain, settings: SyntheticSettings, folder: Path) -> pl.LazyFrame:
    chunks = draw_log(chain, settings.shape, settings.n_users, settings.n_interactions, settings.seed)
    paths = []
    for number, chunk in enumerate(chunks):
        paths.append(folder / f"{number:06d}.parquet")
        pl.DataFrame({"user": chunk.users, "item": chunk.items, "time": chunk.times}).write_parquet(paths[-1])
    return pl.scan_parquet(paths, glob=False)
