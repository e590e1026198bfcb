"""The comparison of methods: `compare`, with the report's answer, tables and figures as Python has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, final

import pandas as pd

from nsbench.api.dataset import Dataset, Place, home_of, name_of
from nsbench.api.progress import logger
from nsbench.api.repeats import Runs
from nsbench.api.run_choice import ChosenRuns
from nsbench.api.wording import worded
from nsbench.command.report import note_in_mlflow, report_folder
from nsbench.errors import SettingsError
from nsbench.files.home import Home
from nsbench.report.analysis import read_summaries
from nsbench.report.answer.answer import answer
from nsbench.report.figures.canvas.gallery import NO_FIGURES
from nsbench.report.figures.canvas.style import marks_of_methods, settle
from nsbench.report.figures.training_curve import read_curves
from nsbench.report.formats.composition import compose
from nsbench.report.formats.export import methods_frame, runs_frame
from nsbench.report.formats.format import ReportFormat
from nsbench.report.protocols.runs_under import RunsUnder
from nsbench.report.report import write_report
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import ACCURACY_METRICS, DatasetSummary, MethodSummary
from nsbench.report.tables.result import cohort_table
from nsbench.suggestion import did_you_mean
from nsbench.terms import BALANCED_COHORTS
from nsbench.tracking.store import open_store
from nsbench.tracking.stored_run import RunReader

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nsbench.report.figures.catalogue import Plan


@final
@dataclass(frozen=True)
class Comparison:
    """What the report says, as `compare` gives it.

    Attributes:
        home: Where the runs are kept.
        summaries: All numbers, one record per dataset.
        reader: Where the runs were read.
    """

    home: Home
    summaries: tuple[DatasetSummary, ...]
    reader: RunReader

    @property
    def datasets(self) -> tuple[str, ...]:
        """The names of the compared datasets."""
        return tuple(summary.dataset for summary in self.summaries)

    @property
    def answer(self) -> str:
        """The report's first line: which method to use, by how much, for whom. With several datasets a line for each, with
        its name.
        """
        if len(self.summaries) == 1:
            return answer(self.summaries[0])[0]
        return "\n".join(f"{summary.dataset}: {answer(summary)[0]}" for summary in self.summaries)

    @property
    def answers(self) -> Mapping[str, tuple[str, ...]]:
        """Everything that the report says in words, by the dataset's name, the most important sentence first."""
        return {summary.dataset: tuple(answer(summary)) for summary in self.summaries}

    @property
    def table(self) -> pd.DataFrame:
        """One row per dataset and method, baselines first: the number of runs, and hit rate and NDCG at 10, as shares.

        Of each metric its mean over the runs, its standard deviation (`_sd`; NaN below two runs), its means for targets in head,
        mid and tail, and its balance over them. `methods` has everything else.
        """
        rows = [_row(row) for summary in self.summaries for row in summary.methods]
        keys = [(summary.dataset, row.method.label) for summary in self.summaries for row in summary.methods]
        return pd.DataFrame(rows, index=pd.MultiIndex.from_tuples(keys, names=["dataset", "method"]))

    @property
    def methods(self) -> pd.DataFrame:
        """One row per dataset and method, with mean, standard deviation and number of runs of every metric; as the report's
        methods.csv.
        """
        return methods_frame(self.summaries)

    @property
    def runs(self) -> pd.DataFrame:
        """One row for every run that is compared; as the report's runs.csv."""
        return runs_frame(self.summaries)

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Every table of the report by its title, written as it is shown there: differences, costs, settings and so on."""
        document = compose(self.summaries, NO_FIGURES, self.reader.location, datetime.now(UTC))
        return {table.title: table.texts for table in document.tables()}

    @property
    def figures(self) -> tuple[str, ...]:
        """The names that `figure` takes, as far as there is something to show."""
        names = [plan.kind for summary in self.summaries for plan in self._plans(summary) if plan.make() is not None]
        return tuple(dict.fromkeys(names))

    @worded
    def figure(self, name: str = "accuracy_balance", dataset: str | None = None) -> "Figure":
        """A figure of the report.

        Args:
            name: Such as accuracy_balance, repeats, differences, cohorts, head_tail, exposure, search or curves.
            dataset: Of which dataset; None: the first.

        Raises:
            SettingsError: There is no such figure or dataset, or nothing to show in it.
        """
        found = {summary.dataset: summary for summary in self.summaries}
        summary = found.get(self.datasets[0] if dataset is None else dataset)
        if summary is None:
            raise SettingsError(f"dataset = {dataset!r}: compared are {', '.join(self.datasets)}")
        plans = {plan.kind: plan for plan in self._plans(summary)}
        if name not in plans:
            raise SettingsError(f"no figure {name!r}{did_you_mean(name, plans)}; there are: {', '.join(plans)}")
        figure = plans[name].make()
        if figure is None:
            raise SettingsError(
                f"there is nothing to show in the figure {name!r} yet; there are: {', '.join(self.figures)}"
            )
        settle(figure)
        return figure

    @worded
    def report(self, path: Path | str | None = None) -> Path:
        """Writes the report: a page, and its tables and figures as files.

        Args:
            path: The folder, made where missing; None: reports/ in the home.

        Returns:
            The page to open.

        Raises:
            TrackingError: The folder can't be written.
        """
        folder = report_folder(self.datasets, self.home) if path is None else Path(path)
        page = write_report(self.reader, self.summaries, folder, tuple(ReportFormat)).files[0]
        problem = note_in_mlflow(self.home, self.datasets, page)
        if problem:
            logger.warning("%s", problem)
        return page

    def __str__(self) -> str:
        return f"{self.answer}\n\n{self.table.to_string(float_format='{:.4f}'.format)}"

    def _repr_html_(self) -> str:
        parts = []
        for summary in self.summaries:
            parts.append(f"<h4>{escape(summary.dataset)}</h4><p>{escape(answer(summary)[0])}</p>")
            for metric in ACCURACY_METRICS if summary.methods else ():
                table = cohort_table(summary, metric)
                parts.append(f"<p>{escape(table.title)}</p>{table.texts.to_html(index=False)}")
        return "".join(parts)

    def _plans(self, summary: DatasetSummary) -> "list[Plan]":
        from nsbench.report.figures.catalogue import dataset_plans

        return dataset_plans(summary, read_curves(self.reader, summary), marks_of_methods(self.summaries))


@worded
def compare(
    what: "Dataset | Runs | str | Sequence[Dataset | Runs | str]", *, protocol: str | None = None, home: Place = None
) -> Comparison:
    """Compares methods on one or several datasets, from recorded runs alone. As `nsbench report`, without writing files.

    Args:
        what: Datasets, or what `repeat` and `baseline` gave, or names of datasets; one of these or several in a list. Of a
            dataset all its runs are considered: of each method the newest settings. Of given runs only those.
        protocol: The evaluation protocol that is compared: its name or a part that no other one has, such as "last" after
            `evaluate(..., settings={"targets": "last"})`; None: that of the newest run.
        home: The folder where everything is kept; None: that of what is given, or NSBENCH_HOME.

    Raises:
        SettingsError: Nothing is given, or what is given lies in several homes or can't stand in one table.
        TrackingError: Nothing is recorded, or nothing of a dataset.

    Examples:
        >>> comparison = nsbench.compare(["shop"])  # doctest: +SKIP
        >>> print(comparison.answer)  # doctest: +SKIP
        Use Mixed: +1.20 points of hit rate at 10 (+8 %) over Random, head +0.40, mid +1.10, tail +1.90, ...
        >>> comparison.figure("cohorts").savefig("cohorts.png")  # doctest: +SKIP
    """
    given = [what] if isinstance(what, Dataset | Runs | str) else list(what)
    if not given:
        raise SettingsError("nothing is given to compare; give a dataset, or what repeat and baseline gave")
    place = _home_of_all(given, home)
    reader = open_store(place).reader()
    whole = {name_of(one) for one in given if not isinstance(one, Runs)}
    chosen = [run for one in given if isinstance(one, Runs) and one.dataset not in whole for run in one.stored]
    names = list(dict.fromkeys(one.dataset if isinstance(one, Runs) else name_of(one) for one in given))
    reading: RunReader = ChosenRuns(reader, chosen) if chosen else reader
    if protocol is not None:
        reading = RunsUnder(reading, protocol)
    return Comparison(place, read_summaries(reading, names, place), reading)


def _home_of_all(given: "Sequence[Dataset | Runs | str]", home: Place) -> Home:
    if home is not None:
        return home_of(home)
    homes = {one.home.root.absolute(): one.home for one in given if not isinstance(one, str)}
    if len(homes) > 1:
        raise SettingsError(f"what is given lies in several homes: {', '.join(map(str, homes))}; compare one at a time")
    return next(iter(homes.values()), None) or home_of(None)


def _row(row: MethodSummary) -> dict[str, int | float]:
    numbers: dict[str, int | float] = {"n_runs": len(row.method.runs)}
    for metric in ACCURACY_METRICS:
        name = f"{metric}_at_{CUTOFF}"
        numbers[name], numbers[f"{name}_sd"] = row.accuracy(metric).mean, row.accuracy(metric).sd
        for cohort in BALANCED_COHORTS:
            numbers[f"{cohort.label}_{name}"] = row.accuracy(metric, cohort.label).mean
        numbers[f"balance_{name}"] = row.balance(metric).mean
    return numbers
