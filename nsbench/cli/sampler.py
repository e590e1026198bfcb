"""`nsbench samplers`: what there is to choose from."""

from typing import Annotated

import typer
from rich.table import Table

from nsbench.cli.console import Console


def samplers(
    name: Annotated[
        str | None, typer.Argument(help="Show this sampler's settings with defaults and search ranges.")
    ] = None,
) -> None:
    """List the negative samplers, or one sampler's settings."""
    if name is None:
        Console().print(_overview())
    else:
        Console().print(_settings_of(name))


def _overview() -> Table:
    from nsbench.samplers import SAMPLERS

    table = Table("sampler", "in the paper", "kind", "negatives are")
    for name, settings in SAMPLERS.items():
        doc = (settings.__doc__ or "").partition("\n")[0]
        table.add_row(name, settings.paper_name or "", ", ".join(sorted(settings.traits)), doc)
    return table


def _settings_of(name: str) -> Table:
    from nsbench.config import Settings, sections_of

    space = Settings.of(name).search_space()
    table = Table("setting", "default", "searched", "meaning", title=f"--set field=value for sampler {name}")
    for section in sections_of(name).values():
        for field, info in section.model_fields.items():
            searched = str(space[field]) if field in space else ""
            table.add_row(field, str(info.default), searched, info.description or "")
        table.add_section()
    return table
