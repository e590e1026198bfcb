"""What an exported model's numbers mean: a JSON file beside it, for programs that don't know nsbench."""

import json
from pathlib import Path

import numpy as np

from nsbench.data.log.columns.missing import MISSING_WORDS
from nsbench.trained.folder import TrainedModel

ITEMS_JSON = "items.json"


def write_item_file(trained: TrainedModel, top: int, path: Path) -> None:
    """Writes the items' ids and titles, and how histories are to be given.

    The fields: `ids` (entry i - 1 is item i's id in the log; items are numbered by falling popularity in training), `titles`
    (null where there are none), `n_candidates` (the items 1..n_candidates may be recommended), `n_shown` (the model is shown
    items 1..n_shown alone; others are left out of a history before its last `max_length` items are taken), `max_length`,
    `exclude_seen` (whether items of the history are not recommended), `top` (items of a list), `popular`
    (the items for a history without a known one), `missing` (words that are no id).
    """
    card = trained.card
    labels, titles = trained.items.labels, trained.items.titles
    fields = {
        "format": 1,
        "method": card.method,
        "dataset": card.dataset,
        "run_id": card.run_id,
        "nsbench": card.nsbench,
        "max_length": trained.model.settings.max_length,
        "n_candidates": card.n_candidates,
        "n_shown": card.n_trained_items if card.unseen_in_history == "leave_out" else card.n_items,
        "exclude_seen": card.seen_items == "exclude",
        "top": min(top, card.n_candidates),
        "popular": (1 + np.argsort(-trained.train_counts[1 : card.n_candidates + 1], kind="stable"))[:top].tolist(),
        "missing": list(MISSING_WORDS),
        "ids": labels.to_list(),
        "titles": None if titles is None else titles.to_list(),
    }
    path.write_text(json.dumps(fields, ensure_ascii=False) + "\n", encoding="utf-8")
