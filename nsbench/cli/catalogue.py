"""`nsbench samplers`, `losses` and `backbones`: what there is to choose from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from nsbench.cli.completion import complete_loss, complete_model, complete_sampler
from nsbench.cli.output.json_output import JsonOption, print_json
from nsbench.errors import SettingsError
from nsbench.suggestion import did_you_mean
from nsbench.view.console import Console

if TYPE_CHECKING:
    from pydantic import BaseModel

    from nsbench.losses import LossSettings
    from nsbench.models import BackboneSettings
    from nsbench.samplers import SamplerSettings


def samplers(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Show this sampler's settings with defaults and search ranges; a method such as mixed+gbce has those of its "
            "loss and backbone too.",
            autocompletion=complete_sampler,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the negative samplers, or all settings that one's runs take."""
    if name is not None:
        _show_method(name, as_json=as_json)
        return
    from nsbench.samplers import SAMPLERS

    if as_json:
        print_json([_method_document(each) for each in SAMPLERS])
        return
    table = Table(_whole("sampler"), "in the paper", "kind", "negatives are")
    for each, settings in SAMPLERS.items():
        table.add_row(each, settings.paper_name or "", ", ".join(sorted(settings.traits)), _meaning(settings))
    Console().print(table)


def losses(
    name: Annotated[str | None, typer.Argument(help="Show this loss's settings.", autocompletion=complete_loss)] = None,
    as_json: JsonOption = False,
) -> None:
    """List the losses, or one loss's settings."""
    from nsbench.losses import LOSSES

    _list("loss", LOSSES, name, as_json=as_json)


def backbones(
    name: Annotated[
        str | None, typer.Argument(help="Show this backbone's settings.", autocompletion=complete_model)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the backbones, or one backbone's settings."""
    from nsbench.models import MODELS

    _list("backbone", MODELS, name, as_json=as_json)


def _list(
    kind: str,
    catalogue: "Mapping[str, type[LossSettings] | type[BackboneSettings]]",
    name: str | None,
    *,
    as_json: bool,
) -> None:
    """A catalogue, or one of its parts."""
    if name is not None and name not in catalogue:
        raise SettingsError(
            f"unknown {kind} {name!r}{did_you_mean(name, catalogue)}; there are: {', '.join(catalogue)}"
        )
    shown = list(catalogue) if name is None else [name]
    if as_json:
        documents = [_part_document(catalogue[each]) for each in shown]
        print_json(documents if name is None else documents[0])
    elif name is None:
        table = Table(_whole(kind), "called", "is")
        for each, settings in catalogue.items():
            table.add_row(each, settings.label, _meaning(settings))
        Console().print(table)
    else:
        table = Table(_whole("setting"), "default", "searched", "meaning", title=f"--set field=value for {kind} {name}")
        _add_rows(table, catalogue[name])
        Console().print(table)


def _show_method(name: str, *, as_json: bool) -> None:
    from nsbench.config import sections_of

    if as_json:
        print_json(_method_document(name))
        return
    table = Table(_whole("setting"), "default", "searched", "meaning", title=f"--set field=value for {name}")
    for section in sections_of(name).values():
        _add_rows(table, section)
        table.add_section()
    Console().print(table)


def _add_rows(table: Table, section: "type[BaseModel]") -> None:
    from nsbench.search import range_in

    for field, info in section.model_fields.items():
        searched = range_in(info.metadata)
        table.add_row(field, str(info.default), "" if searched is None else str(searched), info.description or "")


def _whole(title: str) -> Column:
    """A column of what is to be typed again: never cut short."""
    return Column(title, no_wrap=True)


def _meaning(settings: "type[BaseModel]") -> str:
    return (settings.__doc__ or "").partition("\n")[0]


def _part_document(
    settings: "type[LossSettings] | type[BackboneSettings] | type[SamplerSettings]",
) -> dict[str, object]:
    fields = {field: _setting_document(settings, field) for field in settings.model_fields}
    return {"name": settings.name, "label": settings.label, "meaning": _meaning(settings), "settings": fields}


def _method_document(name: str) -> dict[str, object]:
    """A method with all settings that its runs take."""
    from nsbench.config import sections_of
    from nsbench.method import Method

    method = Method.of(name)
    sampler = method.sampler_settings
    return {
        "name": name,
        "label": method.label,
        "paper_name": sampler.paper_name if method.is_default else None,
        "traits": sampler.traits,
        "meaning": _meaning(sampler),
        "settings": {
            field: _setting_document(model, field)
            for model in sections_of(name).values()
            for field in model.model_fields
        },
    }


def _setting_document(model: "type[BaseModel]", field: str) -> dict[str, object]:
    """A setting's default, what is accepted as JSON Schema has it, and what a study searches by default."""
    from dataclasses import asdict

    from nsbench.search import range_in

    schema = model.model_json_schema()["properties"][field]
    accepted = {key: value for key, value in schema.items() if key not in ("title", "description", "default")}
    info = model.model_fields[field]
    searched = range_in(info.metadata)
    return {
        "default": info.default,
        "accepted": accepted,
        "searched": None if searched is None else asdict(searched),
        "meaning": info.description,
    }
