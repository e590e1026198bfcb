"""A setting that a method's name fixes, such as the `log_q=corrected` of `random+softmax+log_q=corrected`.

So that methods that differ in a setting alone are methods of their own: with studies, runs and rows of their own.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, TypeAdapter, ValidationError

from nsbench.errors import SettingsError
from nsbench.files.yaml_text import parse_yaml, shortened
from nsbench.suggestion import did_you_mean
from nsbench.terms import METHOD_JOINT

FixedValue = str | int | float | bool
"""What can be fixed: a single value."""

_FIXED = re.compile(r"[a-z][a-z0-9_]*=.*", re.DOTALL)
_CALLED = re.compile(r"(?P<part>[a-z0-9-]+)\((?P<settings>[^()]*)\)")


def is_fixed_setting(piece: str) -> bool:
    """Whether a piece of a method's name fixes a setting, rather than naming a part.

    >>> is_fixed_setting("log_q=corrected"), is_fixed_setting("popularity(100,gamma=0.5)"), is_fixed_setting("softmax")
    (True, False, False)
    """
    return _FIXED.fullmatch(piece) is not None


def pieces_of(name: str) -> Iterator[str]:
    """A method's name in its pieces: the sampler first, then other parts and fixed settings.

    A loss's or backbone's settings may stand in brackets behind it too; those of a sampler may not, since that is an expression
    of samplers.

    >>> list(pieces_of("popularity(100,gamma=0.5)+softmax(log_q=classic, temperature=0.5)"))
    ['popularity(100,gamma=0.5)', 'softmax', 'log_q=classic', 'temperature=0.5']
    """
    sampler, *others = (piece.strip() for piece in name.split(METHOD_JOINT))
    yield sampler
    for piece in others:
        called = _CALLED.fullmatch(piece)
        if called is None or is_fixed_setting(piece):
            yield piece
            continue
        yield called["part"]
        yield from (setting.strip() for setting in called["settings"].split(",") if setting.strip())


def fixed_setting(piece: str, parts: Mapping[str, type[BaseModel]]) -> tuple[str, FixedValue]:
    """The setting that a piece fixes, with its value as the setting's owner has it.

    Args:
        piece: Such as "log_q=corrected".
        parts: The settings classes of the method's parts, by what kind of part each is.

    Raises:
        SettingsError: No part has the setting, or its value is not accepted.
    """
    field, _, text = piece.partition("=")
    known = {name: info for part in parts.values() for name, info in part.model_fields.items()}
    if field.strip() not in known:
        raise SettingsError(
            f"a method's name can fix settings of its {', '.join(parts)} alone, and none of them has {shortened(repr(field))}"
            f"{did_you_mean(field, known)}; there are: {', '.join(known)}"
        )
    return field.strip(), accepted(field.strip(), parse_yaml(text), parts)


def accepted(field: str, value: object, parts: Mapping[str, type[BaseModel]]) -> FixedValue:
    """A value as the field's owner has it: 1 becomes 1.0 where the field is a float.

    Raises:
        SettingsError: It is not accepted, or is a list.
    """
    info = next(part.model_fields[field] for part in parts.values() if field in part.model_fields)
    adapter: TypeAdapter[object] = TypeAdapter(Annotated[info.annotation, info])  # type: ignore[arg-type]
    try:
        found = adapter.validate_python(value)
    except ValidationError as error:
        raise SettingsError(f"{field} = {shortened(repr(value))}: {error.errors()[0]['msg']}") from error
    is_switch = isinstance(value, bool) and not isinstance(found, bool)
    if is_switch or not isinstance(found, str | int | float):
        raise SettingsError(
            f"{field} = {shortened(repr(value))} can't be fixed by a method's name; choose it with --set"
        )
    return found


def fixed_text(field: str, value: FixedValue) -> str:
    """The piece that fixes a setting, the same however its value was written.

    >>> fixed_text("gamma", 1.0), fixed_text("learning_rate", 1e20), fixed_text("exclude", True)
    ('gamma=1', 'learning_rate=1e20', 'exclude=true')
    """
    if isinstance(value, bool):
        return f"{field}={str(value).lower()}"
    if isinstance(value, float):
        short = f"{value:g}"
        # A plus joins the parts of a method's name.
        return f"{field}={(short if float(short) == value else repr(value)).replace('e+', 'e')}"
    return f"{field}={value}"
