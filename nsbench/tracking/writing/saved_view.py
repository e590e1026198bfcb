"""A saved view of MLflow's page of runs: filter, order, columns and charts, as MLflow 3.17 keeps them in an experiment's tag.

The page offers an experiment's saved views in its menu "Views" and opens the one that its address names. MLflow documents
the menu, but not the tag. A version that doesn't know it shows the runs with its own columns, and nothing else is lost.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

VIEW_TAG = "mlflow.sharedViewState."
"""How the tags of saved views begin; the view's key follows."""

_PACKED = "deflate;"
_NAME_AND_TIME = ["attributes.`Run Name`", "runDateAndNestInfo"]
"""The ids of the columns that stand on the left of every table."""

_CHARACTER_PX = 6.5
_HEADER_PX = 28
_NARROWEST_PX = 90
_NAME_PX = 240


@dataclass(frozen=True)
class SavedView:
    """A view of an experiment's runs.

    Attributes:
        key: Names it in the page's address.
        name: Names it in the menu.
        condition: Which runs, in MLflow's filter language.
        order_by: The column that sorts, best first.
        columns: What the table shows, from left to right, as `metric_column` and its like name it.
        bars: Metrics drawn as one bar per run, in a section that stands first.
        lines: Metrics drawn over epochs, after them.
        folded: Sections that are shown as a heading until they are clicked.
    """

    key: str
    name: str
    condition: str
    order_by: str
    columns: Sequence[str]
    bars: Sequence[str] = ()
    lines: Sequence[str] = ()
    folded: Sequence[str] = ()

    @property
    def tag(self) -> str:
        """The experiment's tag that holds it."""
        return f"{VIEW_TAG}{self.key}"


def metric_column(name: str) -> str:
    """A metric as a column or an order.

    >>> metric_column("test/all/mrr")
    'metrics.`test/all/mrr`'
    """
    return f"metrics.`{name}`"


def param_column(name: str) -> str:
    """A parameter as a column."""
    return f"params.`{name}`"


def tag_column(name: str) -> str:
    """A tag as a column."""
    return f"tags.`{name}`"


def packed(view: SavedView, made_ms: int) -> str:
    """A view as the value of its tag.

    Args:
        view: The view.
        made_ms: When it was made, in milliseconds since 1970; the menu lists the latest first.
    """
    state = json.dumps(_state(view), separators=(",", ":")).encode()
    text = _PACKED + base64.b64encode(zlib.compress(state, 9)).decode()
    return json.dumps({"name": view.name, "createdAt": made_ms, "updatedAt": made_ms, "state": text})


def is_outdated(held: str | None, wanted: str) -> bool:
    """Whether a tag is to be written: it is missing, or holds an earlier version of the view that nobody has changed by hand.

    Args:
        held: The tag's value, or None.
        wanted: What it should hold.
    """
    if held is None:
        return True
    try:
        envelope = json.loads(held)
        is_changed = envelope["createdAt"] != envelope["updatedAt"]
    except (ValueError, KeyError, TypeError):  # Something else under our key, which no page could open.
        return True
    return not is_changed and held != wanted


def view_address(server: str, experiment_id: str, view: SavedView) -> str:
    """The address that opens a view in MLflow's pages for model training."""
    key = quote(view.key, safe="")
    return (
        f"{server.rstrip('/')}/#/experiments/{experiment_id}/runs?workflowType=machine_learning&viewStateShareKey={key}"
    )


def _state(view: SavedView) -> Mapping[str, object]:
    columns = list(view.columns)
    main = f"{view.key}-main"
    sections = [_section(main, "Main results", is_shown=True)] if view.bars or view.lines else []
    sections += [_section(f"{view.key}-{name}", name, is_shown=False) for name in view.folded]
    bars = [_chart("BAR", name, main) for name in view.bars]
    lines = [{**_chart("LINE", name, main), **_LINE, "selectedMetricKeys": [name]} for name in view.lines]
    return {
        "searchFilter": view.condition,
        "orderByKey": view.order_by,
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "selectedColumns": columns,
        "columnOrder": [*_NAME_AND_TIME, *columns],
        "columnWidths": {_NAME_AND_TIME[0]: _NAME_PX, **{column: _width(column) for column in columns}},
        "runsHiddenMode": "FIRST_20_RUNS",
        "hideEmptyCharts": True,
        # MLflow sorts the sections by name unless told that somebody has arranged them.
        "isAccordionReordered": True,
        **({"compareRunSections": sections, "compareRunCharts": [*bars, *lines]} if sections else {}),
    }


def _section(uuid: str, name: str, *, is_shown: bool) -> Mapping[str, object]:
    return {
        "uuid": uuid,
        "name": name,
        "display": is_shown,
        "isReordered": True,
        "deleted": False,
        "isGenerated": False,
    }


def _chart(kind: str, name: str, section: str) -> Mapping[str, object]:
    return {
        "uuid": f"{section}-{name}",
        "type": kind,
        "metricKey": name,
        "displayName": name,
        "metricSectionId": section,
        "runsCountToCompare": 20,
        "deleted": False,
        "isGenerated": False,
    }


_LINE: Mapping[str, object] = {
    "lineSmoothness": 0,
    "xAxisScaleType": "linear",
    "scaleType": "linear",
    "range": {},
    "xAxisKey": "step",
    "selectedXAxisMetricKey": "",
    "yAxisKey": "metric",
    "yAxisExpressions": [],
    "ignoreOutliers": False,
    "useGlobalXaxisKey": True,
    "useGlobalLineSmoothing": True,
}


def _width(column: str) -> int:
    """Pixels that show a column's whole heading."""
    heading = column.partition(".`")[2].rstrip("`")
    return max(_NARROWEST_PX, round(_CHARACTER_PX * len(heading)) + _HEADER_PX)
