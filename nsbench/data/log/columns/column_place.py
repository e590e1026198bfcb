"""Which column of a log without a header holds what, by what stands in them and by the usual order.

The one column of times is found by its values; of the others the user comes first, then the item, then perhaps a rating,
as MovieLens, Amazon and Yoochoose have it. Where that can't be told, nothing is guessed.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from nsbench.data.log.columns.column_form import is_likelier_rating, is_rating, read_sample, time_form
from nsbench.data.log.formats.log import Log


def find_places(log: Log, wanted: Mapping[str, str], *, has_time: bool = True) -> dict[str, str]:
    """The columns by role, as far as they can be told.

    Args:
        log: A log without a header.
        wanted: The columns that the caller named, by role.
        has_time: Whether there is a column of times.
    """
    found = dict(wanted)
    sample = read_sample(log, log.columns)
    free = [column for column in log.columns if column not in wanted.values()]
    if has_time and "time" not in found:
        time = _find_time({column: sample[column] for column in free})
        if time is None:
            # Three columns are a user, an item and a third that is no time: so the message can say what is lacking.
            return found | dict(zip(("user", "item"), free, strict=False)) if len(free) == 3 else found
        found["time"] = time
        free.remove(time)
    roles = [role for role in ("user", "item") if role not in found]
    if len(free) == len(roles) + 1 and "rating" not in found and _ends_with_rating(sample, free):
        roles.append("rating")
    return found | dict(zip(roles, free, strict=True)) if len(free) == len(roles) else found


def _find_time(sample: Mapping[str, pl.Series]) -> str | None:
    """The only column of dates; else the only one of numbers that are recent as times."""
    forms = {column: time_form(values) for column, values in sample.items()}
    written_out = [column for column, form in forms.items() if form is not None and form.is_written_out]
    recent = [column for column, form in forms.items() if form is not None and form.is_recent]
    candidates = written_out or recent
    return candidates[0] if len(candidates) == 1 else None


def _ends_with_rating(sample: Mapping[str, pl.Series], columns: Sequence[str]) -> bool:
    *others, last = columns
    return is_rating(sample[last]) and not any(is_likelier_rating(sample[other], sample[last]) for other in others)
