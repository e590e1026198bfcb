"""A report before it becomes a page, Markdown or LaTeX: sections of words, tables and figures.

Every format is made from this one document, so that none can hold more or less than another.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from nsbench.report.figures.canvas.gallery import Drawing
from nsbench.report.tables.table import ReportTable

_MOST_OF_A_NAME = 80
"""Characters of a name that a file's name holds: file systems take 255 bytes."""


@dataclass(frozen=True)
class Section:
    """A part of the report; what it holds is shown in the order of its attributes.

    Attributes:
        anchor: Where links lead; unlike any other section's.
        title: Its heading.
        words: Paragraphs.
        points: A list of sentences.
        drawings: Its figures.
        tables: Its tables.
        sections: The parts that it has itself.
    """

    anchor: str
    title: str
    words: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    tables: tuple[ReportTable, ...] = ()
    sections: tuple["Section", ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing but a heading."""
        return not (self.words or self.points or self.tables or self.drawings or self.sections)


@dataclass(frozen=True)
class DatasetAnswer:
    """What the report answers for a dataset.

    Attributes:
        dataset: Its name.
        anchor: The section with the details.
        sentences: The answer, the most important sentence first.
    """

    dataset: str
    anchor: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """A whole report.

    Attributes:
        title: Its heading.
        written: When it was made.
        location: The store that the runs are in.
        glance: The answers in a table, one row per dataset; None where nothing can be compared.
        answers: One per dataset, in words; they come first.
        sections: Everything else.
        leads: The pictures that belong to the answers: each dataset's accuracy against balance.
    """

    title: str
    written: datetime
    location: str
    glance: ReportTable | None
    answers: tuple[DatasetAnswer, ...]
    sections: tuple[Section, ...]
    leads: tuple[Drawing, ...] = ()

    def tables(self) -> list[ReportTable]:
        """All tables, in order."""
        first = [] if self.glance is None else [self.glance]
        return first + [table for section in all_sections(self.sections) for table in section.tables]

    def drawings(self) -> list[Drawing]:
        """All figures, in order."""
        return [*self.leads, *(drawing for section in all_sections(self.sections) for drawing in section.drawings)]


def all_sections(sections: Sequence[Section]) -> Iterator[Section]:
    """Sections and their parts, in reading order."""
    for section in sections:
        yield section
        yield from all_sections(section.sections)


def anchor(text: str) -> str:
    """A name as a link or an id; names that differ, if only in their case, have different ones.

    >>> anchor("ml_1m"), anchor("ML 1M")
    ('ml_1m', 'ml-1m-ecb10d91')
    """
    plain = slug(text)
    return plain if plain == text else f"{plain[:_MOST_OF_A_NAME]}-{_digest(text)}".strip("-")


def file_stem(text: str) -> str:
    """A name as a part of files' names, the same one where that can be; names that differ have different ones.

    >>> file_stem("ML-1M"), file_stem("../a b")
    ('ML-1M', 'a-b-f20d9ce8')
    """
    is_safe = re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", text) and len(text) <= _MOST_OF_A_NAME
    return text if is_safe else f"{slug(text).strip('.')[:_MOST_OF_A_NAME]}-{_digest(text)}".strip("-.")


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def slug(text: str) -> str:
    """A text as a file name or an anchor.

    >>> slug("Hit rate at 10 on ml_1m, %")
    'hit-rate-at-10-on-ml_1m'
    """
    return re.sub(r"[^a-z0-9_.]+", "-", text.lower()).strip("-")
