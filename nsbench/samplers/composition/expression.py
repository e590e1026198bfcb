"""Samplers written as an expression of parts, such as `hardest(mixed(batch(10), popularity(100, gamma=0.5)), k=25)`.

A number that is written is fixed; one that is left out is a setting with a default and a search range. Parts: `batch(n)`,
`cross-batch(n, n_batches_kept=10)`, `random(n)`, `popularity(n, gamma=1)`, `explicit(n)`; around them `mixed(part, part, ...)`,
their union, and outermost `hardest(pool, k)`, the pool's k highest-scored.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nsbench.errors import SettingsError
from nsbench.files.yaml_text import shortened
from nsbench.suggestion import did_you_mean

Number = int | float

MOST = 100_000
"""The largest number of negatives of a part."""


@dataclass(frozen=True)
class Range:
    """What a number of a part may be: bounds, and whether it is a whole number."""

    low: int
    high: int
    is_whole: bool = True

    def holds(self, value: Number) -> bool:
        """Whether it may be that."""
        return self.low <= value <= self.high and (isinstance(value, int) or not self.is_whole)

    def __str__(self) -> str:
        """As a message says it.

        >>> str(Range(1, 100_000)), str(Range(-2, 2, is_whole=False))
        ('be a whole number from 1 to 100,000', 'lie from -2 to 2')
        """
        return f"{'be a whole number' if self.is_whole else 'lie'} from {self.low} to {self.high:,}"


_N = Range(1, MOST)

PARTS: Mapping[str, Mapping[str, Range]] = {
    "batch": {"n": _N},
    "cross-batch": {"n": _N, "n_batches_kept": Range(1, 10_000)},
    "random": {"n": _N},
    "popularity": {"n": _N, "gamma": Range(-2, 2, is_whole=False)},
    "explicit": {"n": _N},
}
"""What draws, with its numbers in their order."""

MIXED, HARDEST = "mixed", "hardest"

_EXAMPLE = "hardest(mixed(batch(10), popularity(100, gamma=0.5)), k=25)"


@dataclass(frozen=True)
class Part:
    """A sampler that draws.

    Attributes:
        name: A key of PARTS.
        given: The numbers that are written.
    """

    name: str
    given: tuple[tuple[str, Number], ...] = ()

    def __str__(self) -> str:
        if not self.given:
            return self.name
        return (
            f"{self.name}({','.join(str(value) if name == 'n' else f'{name}={value:g}' for name, value in self.given)})"
        )


@dataclass(frozen=True)
class Expression:
    """A sampler in its parts.

    Attributes:
        parts: At least one; more are mixed.
        selects: Whether only the hardest are kept.
        k: So many of them, if that is written.
    """

    parts: tuple[Part, ...]
    selects: bool = False
    k: int | None = None

    def __str__(self) -> str:
        """The same however it was written: the sampler's name.

        >>> str(parse(" hardest( mixed(batch(10), popularity(n=100, gamma=.5)), k = 25 ) "))
        'hardest(mixed(batch(10),popularity(100,gamma=0.5)),k=25)'
        """
        pool = str(self.parts[0]) if len(self.parts) == 1 else f"{MIXED}({','.join(map(str, self.parts))})"
        if not self.selects:
            return pool
        return f"{HARDEST}({pool})" if self.k is None else f"{HARDEST}({pool},k={self.k})"


def is_expression(name: str) -> bool:
    """Whether a sampler's name is one of these, rather than a catalogue's."""
    return "(" in name


def parse(text: str) -> Expression:
    """The parts of an expression.

    Raises:
        SettingsError: It is none; the message says where and what is accepted.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _refused(text, "brackets or commas are missing or too many") from error
    name, arguments, numbers = _call(text, tree)
    if name != HARDEST:
        return Expression(_parts(text, tree))
    if len(arguments) not in (1, 2) or numbers.keys() - {"k"}:
        raise _refused(text, f"{HARDEST} takes a sampler and k")
    if len(arguments) == 2:
        if "k" in numbers:
            raise _refused(text, "k is given twice")
        numbers["k"] = _number(text, arguments[1])
    k = numbers.get("k")
    if k is not None and (not isinstance(k, int) or k < 1):
        raise _refused(text, f"k must be a whole number of at least 1, not {k}")
    return Expression(_parts(text, arguments[0]), selects=True, k=k)


def _parts(text: str, tree: ast.expr) -> tuple[Part, ...]:
    name, arguments, numbers = _call(text, tree)
    if name == MIXED:
        if len(arguments) < 2 or numbers:
            raise _refused(text, f"{MIXED} takes two parts or more, and no number")
        found = [_part(text, *_call(text, argument)) for argument in arguments]
        twice = next((one.name for one in found if sum(other.name == one.name for other in found) > 1), None)
        if twice is not None:
            raise _refused(text, f"{twice} is given twice; one with a larger n draws as many")
        return tuple(found)
    return (_part(text, name, arguments, numbers),)


def _part(text: str, name: str, arguments: Sequence[ast.expr], numbers: Mapping[str, Number]) -> Part:
    if name in (MIXED, HARDEST):
        raise _refused(text, f"{name} can't stand within {MIXED}; {HARDEST} comes outermost")
    if name not in PARTS:
        known = (*PARTS, MIXED, HARDEST)
        raise _refused(text, f"there is no {name!r}{did_you_mean(name, known)}; there are: {', '.join(known)}")
    accepted = PARTS[name]
    if len(arguments) > 1:
        raise _refused(text, f"{name} takes n, and its other numbers by name: {', '.join(accepted)}")
    given = dict(numbers)
    if arguments:
        if "n" in given:
            raise _refused(text, f"n of {name} is given twice")
        given["n"] = _number(text, arguments[0])
    unknown = next((other for other in given if other not in accepted), None)
    if unknown is not None:
        raise _refused(
            text, f"{name} has no {unknown!r}{did_you_mean(unknown, accepted)}; it has: {', '.join(accepted)}"
        )
    for number, value in given.items():
        if not accepted[number].holds(value):
            raise _refused(text, f"{number} of {name} must {accepted[number]}, not {value}")
    return Part(name, tuple((number, given[number]) for number in accepted if number in given))


def _call(text: str, tree: ast.expr) -> tuple[str, Sequence[ast.expr], dict[str, Number]]:
    """A name with its arguments, and its numbers by name."""
    match tree:
        case ast.Name(name):
            return name, (), {}
        case ast.Call(ast.Name(name)):
            return name, tree.args, dict(_keywords(text, tree))
        case ast.BinOp(left=ast.Name(before), op=ast.Sub()):  # Python reads a hyphen as a minus.
            name, arguments, numbers = _call(text, tree.right)
            return f"{before}-{name}", arguments, numbers
    raise _refused(text, "each part is a name with its numbers in brackets")


def _keywords(text: str, call: ast.Call) -> Iterator[tuple[str, Number]]:
    for keyword in call.keywords:
        if keyword.arg is None:
            raise _refused(text, "each number is given as name=number")
        yield keyword.arg, _number(text, keyword.value)


def _number(text: str, tree: ast.expr) -> Number:
    sign = 1
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        sign, tree = -1, tree.operand
    if isinstance(tree, ast.Constant) and isinstance(tree.value, int | float) and not isinstance(tree.value, bool):
        return sign * tree.value
    raise _refused(text, f"{ast.unparse(tree)} is not a number")


def _refused(text: str, why: str) -> SettingsError:
    return SettingsError(f"the sampler {shortened(repr(text))} is not accepted: {why}; it may look like {_EXAMPLE}")
