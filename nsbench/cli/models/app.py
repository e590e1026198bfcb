"""`nsbench models`: which trained models there are, what one is, and its name in the registry."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from nsbench.cli.completion import complete_dataset
from nsbench.cli.models.option import ModelArgument
from nsbench.cli.output.json_output import JsonOption, json_output
from nsbench.cli.program import program
from nsbench.errors import SettingsError
from nsbench.files.home import current_home
from nsbench.view.console import Console

if TYPE_CHECKING:
    from nsbench.tracking.models.stored_model import StoredModel
    from nsbench.trained.card import ModelCard

models_app = typer.Typer(help="List, show and register trained models.", no_args_is_help=True)

_WIDEST = 1000
"""Columns of the widest table."""

SHOWN = ("test/all/hit_rate_at_10", "test/all/ndcg_at_10")


@models_app.command("list")
def list_models(
    dataset: Annotated[
        str | None, typer.Option(help="Only models of this dataset.", autocompletion=complete_dataset)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the models that are kept, with their names in the registry."""
    from nsbench.tracking.store import open_store

    with json_output(wanted=as_json) as output:
        store = open_store(current_home()).models()
        found = store.models(dataset)
        output.document = [_entry(model) for model in found]
        if not found:
            of = "" if dataset is None else f" of {dataset}"
            Console().print(
                f"No model{of} is kept in {store.location} yet. `{program()} repeat` and `{program()} train` keep some.",
                soft_wrap=True,
                highlight=False,
            )
            return
        table = Table(box=SIMPLE_HEAD, title=f"models in {store.location}", title_justify="left")
        for column in ("dataset/method", "kind", "run", "seed", "valid", "hit rate", "NDCG", "kept", "registered as"):
            table.add_column(column, justify="right" if column in ("seed", "valid", "hit rate", "NDCG") else "left")
        for model in found:
            table.add_row(
                f"{model.dataset}/{model.method}",
                model.kind,
                model.run_id[:8],
                str(model.seed),
                f"{model.value:.4f}",
                *(f"{model.metrics[name]:.4f}" if name in model.metrics else "" for name in SHOWN),
                datetime.fromtimestamp(model.created_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M"),
                ", ".join(model.names),
            )
        # What a model is called by is to be typed again, so that it is never cut short, however narrow the terminal is.
        needed = Console(width=_WIDEST).measure(table).maximum
        Console(width=max(Console().width, needed)).print(table)


@models_app.command("show")
def show_model(model: ModelArgument, as_json: JsonOption = False) -> None:
    """Show where a model comes from, its settings and metrics, and where its files are."""
    from nsbench.trained.card import read_model_card
    from nsbench.trained.reference import find_model

    with json_output(wanted=as_json) as output:
        found = find_model(model, current_home())
        card = read_model_card(found.folder)
        names = () if found.stored is None else found.stored.names
        model_id = None if found.stored is None else found.stored.model_id
        output.document = {
            "folder": found.folder.absolute(),
            "model_id": model_id,
            "registered_as": list(names),
            "card": card.model_dump(mode="json"),
        }
        table = Table(title=f"{card.dataset}/{card.method}", title_justify="left", show_header=False)
        for name, value in _lines(card, model_id, names):
            table.add_row(name, value)
        console = Console()
        console.print(table)
        console.print(f"files: {found.folder.absolute()}", soft_wrap=True, highlight=False)


@models_app.command("register")
def register_model(
    model: ModelArgument,
    name: Annotated[
        str, typer.Option("--as", help="NAME@ALIAS, such as shop@champion; NAME alone: a version without alias.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Give a model a name in MLflow's registry; the alias moves to it, and it is kept for good."""
    from nsbench.tracking.models.registry import name_and_alias
    from nsbench.tracking.store import open_store
    from nsbench.trained.reference import given_folder, stored_model

    with json_output(wanted=as_json) as output:
        given, alias = name_and_alias(name)
        if given_folder(model) is not None:
            raise SettingsError(
                f"{model} is a folder, and the registry names models of the tracking store; give a run's id, DATASET/METHOD, or "
                "a name that it has already"
            )
        home = current_home()
        stored = stored_model(model, home)
        version = open_store(home).models().register(stored, given, alias)
        called = f"{given}/{version}" + (f", {given}@{alias}" if alias else "")
        Console().print(
            f"{stored.dataset}/{stored.method}, run {stored.run_id[:8]}, is {called}", soft_wrap=True, highlight=False
        )
        output.document = {"name": given, "version": version, "alias": alias, **_entry(stored)}


def _entry(model: "StoredModel") -> dict[str, object]:
    return {
        "model_id": model.model_id,
        "run_id": model.run_id,
        "dataset": model.dataset,
        "dataset_hash": model.dataset_hash,
        "method": model.method,
        "kind": model.kind,
        "seed": model.seed,
        "objective": model.objective,
        "value": model.value,
        "metrics": model.metrics,
        "created_ms": model.created_ms,
        "registered_as": list(model.names),
    }


def _lines(card: "ModelCard", model_id: str | None, names: "tuple[str, ...]") -> list[tuple[str, str]]:
    shown = {"sampler", "loss", "model", "learning_rate", "batch_size", "hidden_dim", "max_length"}
    settings = ", ".join(f"{name}={value}" for name, value in card.settings.items() if name in shown)
    metrics = {name: card.metrics[name] for name in (card.objective, *SHOWN) if name in card.metrics}
    seen = "left out" if card.seen_items == "exclude" else "recommended again"
    return [
        ("method", f"{card.label} ({card.method})"),
        ("run", f"{card.kind} seed {card.seed}, {card.run_id}, best epoch {card.best_epoch}"),
        *([("model", model_id)] if model_id else []),
        *([("registered as", ", ".join(names))] if names else []),
        ("dataset", f"{card.dataset}, hash {card.dataset_hash}"),
        (
            "items",
            f"{card.n_candidates:,} that may be recommended of {card.n_items:,}; those of the history are {seen}",
        ),
        ("without a history", "the most popular items in training"),
        *((name, f"{value:.4f}") for name, value in metrics.items()),
        ("settings", settings),
        ("written by", f"nsbench {card.nsbench}"),
    ]
