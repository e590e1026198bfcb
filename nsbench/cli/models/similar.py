"""`nsbench similar`: the items whose vectors lie nearest to an item's."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from nsbench.cli.models.option import ModelArgument
from nsbench.cli.output.json_output import JsonOption, json_output
from nsbench.errors import SettingsError
from nsbench.files.home import current_home
from nsbench.suggestion import did_you_mean
from nsbench.view.console import Console

if TYPE_CHECKING:
    import polars as pl


def similar(
    model: ModelArgument,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="An item's id, as in the log.")],
    top: Annotated[int, typer.Option(help="How many items.", min=1, max=10_000)] = 10,
    as_json: JsonOption = False,
) -> None:
    """Show the items that a model takes for the most similar ones, by the cosine of their vectors."""
    with json_output(wanted=as_json) as output:
        import polars as pl

        from nsbench.trained.folder import open_model
        from nsbench.trained.reference import find_model
        from nsbench.trained.similar import similar_items

        trained = open_model(find_model(model, current_home()).folder)
        items = trained.items
        texts = items.texts(pl.Series([item], dtype=pl.String))
        number = 0 if texts.null_count() else int(items.numbers(texts)[0])
        if number == 0:
            raise SettingsError(
                f"the model has no item {item!r}{did_you_mean(item, items.known_texts())}; its items are those of the dataset "
                f"{trained.card.dataset}, called such as {', '.join(map(str, items.labels.head(3)))}"
            )
        found = similar_items(trained, number, top)
        rows = [
            {"rank": rank, **_named(items.labels, items.titles, int(own)), "cosine": float(cosine)}
            for rank, (own, cosine) in enumerate(zip(found.items, found.cosines, strict=True), 1)
        ]
        own = _named(items.labels, items.titles, number)
        title = " ".join(str(part) for part in own.values() if part is not None)
        table = Table(title=f"nearest to {title}", title_justify="left")
        for name in ("rank", *own, "cosine"):
            table.add_column(name, justify="right" if name in ("rank", "cosine") else "left")
        for row in rows:
            table.add_row(*(f"{value:.4f}" if isinstance(value, float) else str(value or "") for value in row.values()))
        Console().print(table)
        output.document = {"model": trained.folder, **own, "similar": rows}


def _named(labels: "pl.Series", titles: "pl.Series | None", number: int) -> dict[str, object]:
    """An item's id, and its title where items have some."""
    return {"item": labels[number - 1]} | ({} if titles is None else {"title": titles[number - 1]})
