"""Where a dataset comes from, as its card keeps it: a log file, a generator's settings, or a frame in memory."""

import os
import re
from typing import Annotated, Literal, final

from pydantic import BaseModel, ConfigDict, Field

_SYNTHETIC = re.compile(
    r"synthetic like (?P<like>\S+): (?P<n_users>\d+) users, (?P<n_items>\d+) items, (?P<n_interactions>\d+) interactions, "
    r"skew (?P<skew>\S+), seed (?P<seed>\d+)(?:, popularity bias (?P<popularity_bias>\S+))?"
)
"""`SyntheticOrigin.text`, which was all that cards held before they had an origin."""


MOST_NAMED = 5
"""Files that a line names."""


class _Origin(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


@final
class LogOrigin(_Origin):
    """A log file.

    Attributes:
        file: Its name; never a path of one machine.
        url: Where it can be downloaded; None where that isn't known or takes a login.
        homepage: Where its owner describes it, with the terms of use; None where that isn't known.
    """

    kind: Literal["log"] = "log"
    file: str
    url: str | None = None
    homepage: str | None = None

    @property
    def text(self) -> str:
        """The file's name."""
        return self.file


@final
class SyntheticOrigin(_Origin):
    """A generated log: the settings of `nsbench.data.synthetic.generate` that draw it again."""

    kind: Literal["synthetic"] = "synthetic"
    like: str
    n_users: int
    n_items: int
    n_interactions: int
    skew: float
    seed: int
    popularity_bias: float | None = None

    @property
    def text(self) -> str:
        """The settings in a line."""
        bias = "" if self.popularity_bias is None else f", popularity bias {self.popularity_bias:g}"
        return (
            f"synthetic like {self.like}: {self.n_users} users, {self.n_items} items, {self.n_interactions} interactions, "
            f"skew {self.skew:g}, seed {self.seed}{bias}"
        )


@final
class FrameOrigin(_Origin):
    """A frame in memory, and what its maker says of it."""

    kind: Literal["frame"] = "frame"
    what: str

    @property
    def text(self) -> str:
        """What its maker says of it."""
        return self.what


@final
class FilesOrigin(_Origin):
    """Several files of one log, in the order in which they were read; their names, never paths of one machine."""

    kind: Literal["files"] = "files"
    files: tuple[str, ...]

    @property
    def text(self) -> str:
        """The files' names, or the first ones."""
        more = len(self.files) - MOST_NAMED
        return ", ".join(self.files[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


@final
class PartsOrigin(_Origin):
    """A log that came cut: the names of the files, or what DataFrames they were."""

    kind: Literal["parts"] = "parts"
    train: str
    valid: str | None = None
    test: str

    @property
    def parts(self) -> dict[str, str]:
        """The name of each file by its part."""
        named = {"train": self.train, "valid": self.valid, "test": self.test}
        return {part: name for part, name in named.items() if name is not None}

    @property
    def text(self) -> str:
        """The files' names, each with its part."""
        return ", ".join(f"{name} ({part})" for part, name in self.parts.items())


Origin = Annotated[LogOrigin | SyntheticOrigin | FrameOrigin | FilesOrigin | PartsOrigin, Field(discriminator="kind")]


def readable_name(name: str) -> str:
    """A file's name as text: one that is no UTF-8 couldn't be stored."""
    return os.fsencode(name).decode(errors="replace")


def origin_of_source(source: str) -> Origin:
    """The origin from the one line that cards and studies of older versions hold.

    >>> origin_of_source("ratings.dat")
    LogOrigin(kind='log', file='ratings.dat', url=None, homepage=None)
    >>> origin_of_source("synthetic like demo: 20 users, 10 items, 90 interactions, skew 1, seed 3").n_users
    20
    """
    synthetic = _SYNTHETIC.fullmatch(source)
    return SyntheticOrigin.model_validate(synthetic.groupdict()) if synthetic else LogOrigin(file=source)
