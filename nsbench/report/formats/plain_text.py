"""Texts from a store, such as labels, made fit to be shown: in one line, of limited length, without control codes.

What has a meaning in HTML, LaTeX or a terminal is escaped where these are written.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from nsbench.terms import LABEL_JOINT, METHOD_JOINT
from nsbench.tracking.stored_run import StoredRun

MOST_OF_A_LABEL = 60
"""Characters of a label or a name that are shown; a longer one is cut, and ends in a hash of the whole."""

MOST_OF_A_TEXT = 2_000
"""Characters of any other text."""


def plain_text(text: str, most: int = MOST_OF_A_TEXT) -> str:
    r"""A text in which everything unprintable is written as its code: control codes, line breaks, marks of direction.

    Texts that differ stay different.

    Args:
        text: Anything.
        most: Characters to keep.

    >>> plain_text("a\x1b[31m b\n<c>"), plain_text("x" * 30, most=20)
    ('a\\x1b[31m b\\n<c>', 'xxxxxxxxxxx…e90cd978')
    """
    if len(text) > most:
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
        text = f"{text[: most - len(digest) - 1]}…{digest}"
    # Blanks of every width can be shown, but `isprintable` accepts only the usual one.
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or (c.isspace() and c not in _BREAKS) else _code(c) for c in text)


def plain_run(run: StoredRun) -> StoredRun:
    """A run with all its texts made fit to be shown."""
    label = _RENAMED.get(run.label, run.label) if run.label.strip() else run.sampler
    return replace(
        run,
        name=plain_text(run.name, MOST_OF_A_LABEL),
        sampler=plain_text(run.sampler, MOST_OF_A_LABEL),
        label=plain_text(_joined(label, run.sampler), MOST_OF_A_LABEL),
        dataset_hash=plain_text(run.dataset_hash),
        protocol=plain_text(run.protocol),
        params=_plain(run.params),
        tags=_plain(run.tags),
        faults=tuple(map(plain_text, run.faults)),
    )


_RENAMED = {"PopRec 7 days": "PopRec (last 7 days)"}
"""Today's labels by those of older versions, so that a method has one row."""

_COMMA = ", "


def _joined(label: str, method: str) -> str:
    """The label of a method of several parts, joined so that a list of labels can be read.

    >>> _joined("Mixed, softmax", "mixed+softmax"), _joined("mine, new", "mixed")
    ('Mixed + softmax', 'mine, new')
    """
    n_joints = method.count(METHOD_JOINT)
    return label.replace(_COMMA, LABEL_JOINT) if label.count(_COMMA) == n_joints else label


_BREAKS = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")


def _code(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()


def _plain(texts: Mapping[str, str]) -> dict[str, str]:
    return {plain_text(name): plain_text(text, 8_000) for name, text in texts.items()}
