"""Settings that are tried at several values, everything else alike: each value makes a method of its own, named after it."""

from collections.abc import Mapping, Sequence
from itertools import product

from nsbench.config import Settings, Value, parse_assignments
from nsbench.errors import SettingsError
from nsbench.files.yaml_text import shortened

MOST_METHODS = 200
"""More are a mistake: a report compares all of them in pairs."""


def parse_sweeps(texts: Sequence[str]) -> dict[str, tuple[Value, ...]]:
    """The values of each swept setting, each once, from texts such as `n_negatives=10,100`.

    Raises:
        SettingsError: A text is something else, or a setting is swept twice.

    >>> parse_sweeps(["n_negatives=10,100,10", "log_q=none,classic"])
    {'n_negatives': (10, 100), 'log_q': ('none', 'classic')}
    """
    found: dict[str, tuple[Value, ...]] = {}
    for text in texts:
        name, equals, listed = text.partition("=")
        values = [value.strip() for value in listed.split(",")]
        if not equals or not name.strip() or not all(values):
            raise SettingsError(
                f"--sweep takes a setting and its values, such as n_negatives=10,100,1000, not {shortened(repr(text))}"
            )
        if name.strip() in found:
            raise SettingsError(f"--sweep {name.strip()} is given twice; give all of its values at once")
        parsed = (parse_assignments([f"{name}={value}"])[name.strip()] for value in values)
        found[name.strip()] = tuple(dict.fromkeys(value for value in parsed if not isinstance(value, list)))
    return found


def swept(settings: Settings, sweeps: Mapping[str, Sequence[Value]]) -> list[Settings]:
    """The settings with every combination of the swept values, in the order in which these are given; without any, themselves.

    Raises:
        SettingsError: A setting is no sampler's, loss's or backbone's of these, a value is not accepted, or there are too many
            combinations.
    """
    if not sweeps:
        return [settings]
    combinations = [dict(zip(sweeps, values, strict=True)) for values in product(*sweeps.values())]
    if len(combinations) > MOST_METHODS:
        raise SettingsError(f"--sweep asks for {len(combinations)} methods; at most {MOST_METHODS} can be compared")
    found = [settings.fixing(values) for values in combinations]
    return list({one.method.name: one for one in found}.values())
