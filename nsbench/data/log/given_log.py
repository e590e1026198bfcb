"""What log is meant: a file, several, a folder of them, a DataFrame, or files that are the parts of a split."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias, cast

import pyarrow as pa

from nsbench.data.log.formats.log import Log
from nsbench.data.log.formats.log_format import LogFile, recognise
from nsbench.data.log.formats.several_files import SeveralFiles
from nsbench.data.log.option_value import PartName
from nsbench.data.origin import FilesOrigin, FrameOrigin, LogOrigin, Origin, PartsOrigin, readable_name
from nsbench.errors import LogError, SettingsError

logger = logging.getLogger(__name__)

Piece: TypeAlias = Path | pa.Table
"""A file, or the columns of a DataFrame as `nsbench.data.log.formats.frame_rows.table_of` gives them."""

_PARTS: tuple[PartName, ...] = ("train", "valid", "test")
_PART_WORDS: Mapping[str, PartName] = {
    **{word: "train" for word in ("train", "training", "tr")},
    **{word: "valid" for word in ("valid", "validation", "val", "dev")},
    **{word: "test" for word in ("test", "testing", "te")},
}
"""How files call the part that they are."""


@dataclass(frozen=True)
class GivenLog:
    """A log that is meant, before its rows are read.

    Attributes:
        pieces: The files in order, or a DataFrame; one each for training, perhaps validation, and test where `parts` says so.
        parts: What each piece is, where the log came cut; empty: it is one log.
    """

    pieces: tuple[Piece, ...]
    parts: tuple[PartName, ...] = ()

    @property
    def origin(self) -> Origin:
        """What the card says of it: the files' names."""
        names = [_name(piece) for piece in self.pieces]
        if self.parts:
            return PartsOrigin.model_validate(dict(zip(self.parts, names, strict=True)))
        if isinstance(self.pieces[0], pa.Table):
            return FrameOrigin(what=names[0])
        return LogOrigin(file=names[0]) if len(names) == 1 else FilesOrigin(files=tuple(names))

    def recognised(self, *, has_time: bool) -> Log:
        """Finds out formats and columns.

        Args:
            has_time: Whether there is a column of times.

        Raises:
            LogError: A file can't be read, or they don't go together.
        """
        files = [
            _recognised(piece, part, has_time=has_time) for piece, part in zip(self.pieces, self._labels, strict=True)
        ]
        if len(files) == 1:
            return files[0]
        return SeveralFiles.of_parts(files) if self.parts else SeveralFiles.of_one_log(files)

    @property
    def _labels(self) -> Sequence[str]:
        return self.parts or [""] * len(self.pieces)


def given_log(log: Sequence[Piece], parts: Mapping[PartName, Piece | None]) -> GivenLog:
    """The log that is meant.

    Args:
        log: Files, a folder, or a DataFrame; empty where parts are given.
        parts: Files of training, validation and test.

    Raises:
        SettingsError: Both are given, or neither, or parts without training or test.
        LogError: A file is given twice, or a folder holds no log.
    """
    own = {name: piece for name in _PARTS if (piece := parts.get(name)) is not None}
    if own and log:
        raise SettingsError(
            f"A log is given, to be cut, and --{next(iter(own))} too, which comes cut: leave one of the two out."
        )
    if own:
        missing = [f"--{name}" for name in ("train", "test") if name not in own]
        if missing:
            raise SettingsError(
                f"--{next(iter(own))} is a part of a log, and {' and '.join(missing)} {'are' if missing[1:] else 'is'} missing: "
                "give --train FILE --valid FILE --test FILE, or the log as it is, to be cut."
            )
        _check_once(list(own.values()))
        return GivenLog(tuple(own.values()), tuple(own))
    if not log:
        raise SettingsError(
            "No log is given: name a file, several, or a folder; or --train FILE --valid FILE --test FILE."
        )
    if len(log) == 1 and isinstance(log[0], Path) and log[0].is_dir():
        return GivenLog(_files_in(log[0]))
    if len(log) > 1:
        _check_once(log)
        paths = sorted(cast(Sequence[Path], log), key=lambda path: (path.name, path))
        if as_parts := _options_of_parts(paths):
            # A pattern of the shell names them one by one too.
            logger.warning(
                "these files are the parts of a split, by their names, and are joined and cut anew; %s takes them as they are",
                as_parts,
            )
        return GivenLog(tuple(paths))
    return GivenLog(tuple(log))


def _files_in(folder: Path) -> tuple[Path, ...]:
    """The files of a folder by name; those that begin with a dot or an underscore are notes of what wrote the others."""
    found = sorted(path for path in folder.iterdir() if path.name[0] not in "._")
    inner = next((path for path in found if path.is_dir()), None)
    if inner is not None:
        raise LogError(
            f"{folder} holds the folder {inner.name}: only files are read. Name the files, or one folder of files alone."
        )
    if not found:
        raise LogError(f"{folder} holds no file. Give a folder with the files of one log, or the files.")
    if as_parts := _options_of_parts(found):
        raise LogError(
            f"{folder} holds the parts of a split, by their names, which would be joined and cut anew. Take them as they are "
            f"with {as_parts}; to join them, name the files."
        )
    return tuple(found)


def _options_of_parts(paths: Sequence[Path]) -> str:
    """The options that take files as the parts that they are by their names; empty where they aren't."""
    named = {part: path for path in reversed(paths) if (part := part_named(path.name)) is not None}
    if not {"train", "test"} <= named.keys():
        return ""
    return " ".join(f"--{part} {named[part]}" for part in _PARTS if part in named)


def part_named(name: str) -> PartName | None:
    """The part that a file is by its name.

    >>> part_named("beauty.train.inter"), part_named("rsc15_test.txt"), part_named("latest.csv")
    ('train', 'test', None)
    """
    return next((_PART_WORDS[word] for word in re.split(r"[^a-z]+", name.lower()) if word in _PART_WORDS), None)


def _check_once(pieces: Sequence[Piece]) -> None:
    for place, piece in enumerate(pieces):
        for other in pieces[:place]:
            if piece is other or (isinstance(piece, Path) and isinstance(other, Path) and _is_same(piece, other)):
                raise LogError(f"{_name(piece)} is given twice; give each file once.")


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return path == other


def _recognised(piece: Piece, part: str, *, has_time: bool) -> LogFile:
    if isinstance(piece, Path):
        return recognise(piece, has_time=has_time)
    frame = LogFile.of_frame(piece)
    return replace(frame, path=Path(f"{frame.path} {part}")) if part else frame


def _name(piece: Piece) -> str:
    return readable_name(piece.name) if isinstance(piece, Path) else f"a DataFrame of {piece.num_rows:,} rows"
