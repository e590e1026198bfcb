"""`nsbench samplers`: what there is to choose from."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from nsbench.cli.completion import complete_sampler
from nsbench.cli.console import Console
from nsbench.cli.json_output import JsonOption, print_json

if TYPE_CHECKING:
    from pydantic import BaseModel

    from nsbench.samplers import SamplerSettings
    from nsbench.search import SearchRange


def samplers(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Show this sampler's settings with defaults and search ranges.", autocompletion=complete_sampler
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the negative samplers, or one sampler's settings."""
    if as_json:
        print_json(_overview_document() if name is None else _document_of(name))
    elif name is None:
        Console().print(_overview())
    else:
        Console().print(_settings_of(name))


def _overview() -> Table:
    from nsbench.samplers import SAMPLERS

    table = Table("sampler", "in the paper", "kind", "negatives are")
    for name, settings in SAMPLERS.items():
        table.add_row(name, settings.paper_name or "", ", ".join(sorted(settings.traits)), _meaning(settings))
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


def _meaning(settings: "type[SamplerSettings]") -> str:
    return (settings.__doc__ or "").partition("\n")[0]


def _overview_document() -> list[object]:
    from nsbench.samplers import SAMPLERS

    return [_document_of(name) for name in SAMPLERS]


def _document_of(name: str) -> dict[str, object]:
    """A sampler with all settings that its runs take."""
    from nsbench.config import Settings, sections_of
    from nsbench.samplers import SAMPLERS

    sections = sections_of(name)
    settings, space = SAMPLERS[name], Settings.of(name).search_space()
    return {
        "name": name,
        "label": settings.label,
        "paper_name": settings.paper_name,
        "traits": settings.traits,
        "meaning": _meaning(settings),
        "settings": {
            field: _setting_document(model, field, space.get(field))
            for model in sections.values()
            for field in model.model_fields
        },
    }


def _setting_document(model: "type[BaseModel]", field: str, searched: "SearchRange | None") -> dict[str, object]:
    """A setting's default, what is accepted as JSON Schema has it, and what a study searches by default."""
    from dataclasses import asdict

    schema = model.model_json_schema()["properties"][field]
    accepted = {key: value for key, value in schema.items() if key not in ("title", "description", "default")}
    info = model.model_fields[field]
    return {
        "default": info.default,
        "accepted": accepted,
        "searched": None if searched is None else asdict(searched),
        "meaning": info.description,
    }
