"""YAML that the user writes, read so that it means what it looks like or is refused with its line.

Beyond YAML 1.1's safe loader: a key may stand once, aliases and nesting are limited, and numbers are read as YAML 1.2 has
them, so that `1e-3` is one. What the two versions read differently (`010`, `1:30`) and what is NaN or infinite
(infinite ones, thousands of digits) is refused. Dates, `yes` and `no` are texts; a switch takes them for true and false.
"""

import math
import re
from collections.abc import Hashable
from pathlib import Path
from typing import cast, final

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from nsbench.errors import SettingsError
from nsbench.files.given_file import read_given

LIMIT_BYTES = 1 << 18
_MOST_DEPTH = 20
_MOST_NODES = 10_000
"""Keys, values and lists with every alias written out: a few lines of aliases can stand for billions."""
_MOST_DIGITS = 18
_MOST_SHOWN = 200

_TAGS = tuple(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "merge", "str", "seq", "map"))
"""What a value can be."""
_NULL, _BOOL, _INT, _FLOAT, _MERGE, _, _SEQ, _MAP = _TAGS
_KINDS: dict[str, type[Node]] = {_SEQ: SequenceNode, _MAP: MappingNode}
"""What a tag stands before; the others before a single value."""
_NAMES: dict[type[Node], str] = {ScalarNode: "a single value", SequenceNode: "a list", MappingNode: "a mapping"}
_RESOLVED = (
    (_NULL, r"~|null|Null|NULL|", ("~", "n", "N", "")),
    (_BOOL, r"true|True|TRUE|false|False|FALSE", tuple("tTfF")),
    # Octal, hexadecimal, binary and sexagesimal numbers of YAML 1.1 too, so that they are not taken for texts.
    (_INT, r"[-+]?[0-9][0-9_]*|[-+]?0[xob][0-9a-fA-F_]+|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?", tuple("-+0123456789")),
    (_FLOAT, r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?", tuple("-+.0123456789")),
    (_FLOAT, r"(?i:[-+]?\.?inf(?:inity)?|\.?nan)", tuple("-+.iInN")),
    (_MERGE, r"<<", ("<",)),
)  # fmt: skip


@final
class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the limits of this module."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's attribute.

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._n_nodes = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """As PyYAML's, which recurses as deep as the text is nested."""
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise ConstructorError(
                None,
                None,
                f"more than {_MOST_DEPTH} levels within each other",
                self.peek_event().start_mark,  # type: ignore[no-untyped-call]
            )
        node = super().compose_node(parent, index)
        self._depth -= 1
        self._n_nodes += 1
        if node is not None:
            if node.tag not in _TAGS:
                raise ConstructorError(None, None, f"the tag {node.tag!r} isn't taken", node.start_mark)
            kind = _KINDS.get(node.tag, ScalarNode)
            if not isinstance(node, kind):
                what = f"{_NAMES[type(node)]}, where {_NAMES[kind]} belongs"
                raise ConstructorError(
                    None, None, f"the tag !!{node.tag.rsplit(':')[-1]} stands before {what}", node.start_mark
                )
            _check_size(self._n_nodes, node)
        return node

    def get_single_node(self) -> Node | None:
        """As PyYAML's; refuses what aliases make too large or endless."""
        node = super().get_single_node()
        if node is not None:
            _count(node, {})
        return node

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, object]:
        """As PyYAML's, which lets the last of equal keys win; keys are texts, as they stand."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, ScalarNode):
                raise ConstructorError(None, None, "a key is a list or a mapping", key.start_mark)
            if key.value in seen:
                raise ConstructorError(None, None, f"the key {key.value!r} stands there twice", key.start_mark)
            seen.add(key.value)
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}

    def construct_number(self, node: ScalarNode) -> int | float:
        """A number that means the same in YAML 1.1 and 1.2, and that can be reckoned with."""
        text = node.value.replace("_", "")
        digits = text.lstrip("+-")
        is_octal = len(digits) > 1 and digits[0] == "0" and digits.isdecimal()
        if ":" in digits or digits[:2].lower() in ("0x", "0o", "0b") or is_octal:
            raise ConstructorError(
                None,
                None,
                f"the number {node.value!r} is ambiguous; write it in decimal, or in quotes",
                node.start_mark,
            )
        if node.tag == _INT and len(digits) > _MOST_DIGITS:
            raise ConstructorError(
                None, None, f"a number of {len(digits):,} digits; at most {_MOST_DIGITS} are taken", node.start_mark
            )
        try:
            value = int(text) if node.tag == _INT else float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            raise ConstructorError(None, None, f"{shortened(node.value)} is not a number", node.start_mark) from None
        if not math.isfinite(value):
            raise ConstructorError(None, None, f"{shortened(node.value)} is NaN or infinite", node.start_mark)
        return value


for _tag, _pattern, _first in _RESOLVED:
    _Loader.add_implicit_resolver(_tag, re.compile(rf"^(?:{_pattern})$"), list(_first))
for _tag in (_INT, _FLOAT):
    _Loader.add_constructor(_tag, _Loader.construct_number)


def read_yaml(path: Path, what: str) -> object:
    """What a YAML file holds; None where it is empty.

    Args:
        path: The file.
        what: What it should be, such as "the settings file".

    Raises:
        SettingsError: It can't be read, or isn't YAML within this module's limits.
    """
    content = read_given(path, what, LIMIT_BYTES)
    try:
        return parse_yaml(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"can't read {what} {path}: it is no UTF-8 text (byte {error.start:,}: {error.reason}); save it as UTF-8"
        ) from error
    except SettingsError as error:
        raise SettingsError(f"{path} is no valid YAML: {error}") from error


def parse_yaml(text: str) -> object:
    """What a YAML text holds.

    Raises:
        SettingsError: It isn't YAML within this module's limits.

    >>> parse_yaml("{learning_rate: 1e-3, windows: all, cutoffs: [5, 10]}")
    {'learning_rate': 0.001, 'windows': 'all', 'cutoffs': [5, 10]}
    """
    loader = None
    try:
        loader = _Loader(text)
        return cast(object, loader.get_single_data())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        context = f"{error.context}, " if error.context else ""
        raise SettingsError(f"{place}{shortened(f'{context}{error.problem}')}") from error
    except LookupError as error:  # Such as `!!bool maybe`.
        raise SettingsError(f"{shortened(str(error))} doesn't fit its tag") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(shortened(" ".join(str(error).split()))) from error
    finally:
        if loader is not None:
            loader.dispose()


def shortened(text: str) -> str:
    """A text as a message may quote it: all of a short one, the beginning of a long one."""
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}... ({len(text):,} characters)"


def _count(node: Node, known: dict[int, int]) -> int:
    """The nodes of a tree with every alias written out; each is looked at once."""
    place = id(node)
    if place in known:
        if not known[place]:
            raise ConstructorError(None, None, "a list or mapping holds itself", node.start_mark)
        return known[place]
    known[place] = 0
    parts: list[Node] = []
    if isinstance(node, SequenceNode):
        parts = node.value
    elif isinstance(node, MappingNode):
        parts = [part for pair in node.value for part in pair]
    known[place] = 1 + sum(_count(part, known) for part in parts)
    _check_size(known[place], node)
    return known[place]


def _check_size(n_nodes: int, node: Node) -> None:
    if n_nodes > _MOST_NODES:
        raise ConstructorError(
            None, None, f"more than {_MOST_NODES:,} values, with aliases written out", node.start_mark
        )
