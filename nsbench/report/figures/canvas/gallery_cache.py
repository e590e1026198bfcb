"""Figures kept between reports: what was drawn from the same runs by the same code is taken from the report before.

Drawing takes most of a report's time. Beside the figures lies `drawn.json`: for each dataset a hash of what its figures were
drawn from, their names, and the variants that the page shows on a phone.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import nsbench.report
from nsbench.report.figures.canvas.gallery import Drawing

DRAWN = "drawn.json"
"""The file that records what the figures beside it were drawn from."""


@dataclass(frozen=True)
class DrawnGroup:
    """The figures of one dataset, or of all together.

    Attributes:
        key: A hash of what they were drawn from (`key_of`).
        drawings: By kind.
    """

    key: str
    drawings: Mapping[str, Drawing]


def key_of(*inputs: object) -> str:
    """A hash of everything that decides how figures look: what is drawn, and the code that draws."""
    digest = hashlib.blake2b(_code_hash().encode(), digest_size=16)
    for part in inputs:
        digest.update(repr(part).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def read_group(folder: Path, group: str, key: str) -> DrawnGroup | None:
    """The figures of a group as an older report left them; None where they were drawn from something else or are missing.

    Args:
        folder: Where the figures are.
        group: The dataset's name; empty for the figures of all.
        key: A hash of what they should have been drawn from.
    """
    entry = _entries(folder).get(group)
    if not isinstance(entry, dict) or entry.get("key") != key:
        return None
    try:
        drawings = {
            kind: Drawing(**_texts(fields), svg=_svg(folder, fields["name"]))
            for kind, fields in entry["drawings"].items()
        }
        is_whole = entry["files"] == _hash_of_files(folder, drawings)
    # Anyone may edit the folder: whatever is damaged is drawn again.
    except (OSError, KeyError, TypeError, ValueError, AttributeError):
        return None
    return DrawnGroup(key, drawings) if is_whole else None


def copy_group(group: DrawnGroup, source: Path, target: Path) -> list[Path]:
    """Copies a group's files and returns their new paths: each PNG followed by its SVG."""
    names = [f"{drawing.name}{ending}" for drawing in group.drawings.values() for ending in (".png", ".svg")]
    return [Path(shutil.copyfile(source / name, target / name)) for name in names]


def write_groups(groups: Mapping[str, DrawnGroup], folder: Path) -> Path:
    """Records what the figures of a folder were drawn from."""
    entries = {}
    for name, group in groups.items():
        drawings = {kind: asdict(drawing) for kind, drawing in group.drawings.items()}
        for fields in drawings.values():
            del fields["svg"]
        entries[name] = {"key": group.key, "files": _hash_of_files(folder, group.drawings), "drawings": drawings}
    path = folder / DRAWN
    path.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _texts(fields: Mapping[str, str | None]) -> dict[str, str]:
    """A figure's recorded fields without those that are null; anything else that is not text is damage."""
    if not all(isinstance(text, str) for text in fields.values() if text is not None):
        raise ValueError("a figure's record holds something that is not text")
    return {name: text for name, text in fields.items() if text is not None}


def _svg(folder: Path, name: str) -> str:
    # A name with folders in it could bring any file of the machine into the page.
    if Path(name).name != name:
        raise ValueError(f"not a file's name: {name!r}")
    return (folder / f"{name}.svg").read_text(encoding="utf-8")


def _hash_of_files(folder: Path, drawings: Mapping[str, Drawing]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for drawing in drawings.values():
        for ending in (".png", ".svg"):
            digest.update((folder / f"{drawing.name}{ending}").read_bytes())
        digest.update((drawing.stacked or "").encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _entries(folder: Path) -> dict[str, object]:
    try:
        entries = json.loads((folder / DRAWN).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # None yet, or not ours: everything is drawn.
        return {}
    return entries if isinstance(entries, dict) else {}


@cache
def _code_hash() -> str:
    digest = hashlib.blake2b(digest_size=16)
    # Any file may change a figure, if only through a number or a label.
    for path in sorted(Path(nsbench.report.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
