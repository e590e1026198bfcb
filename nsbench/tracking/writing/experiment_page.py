"""What MLflow's pages need to know of a dataset's experiment: its views, its description, and the way to them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Experiment, Run
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import IntegrityError

from nsbench.terms import OBJECTIVE_TAG, RunKind, Tag
from nsbench.tracking.reading.run_refresh import tag_is
from nsbench.tracking.writing.mlflow_connection import connect, store_errors
from nsbench.tracking.writing.page_view import page_views
from nsbench.tracking.writing.run_note import NOTE
from nsbench.tracking.writing.saved_view import SavedView, is_outdated, packed, view_address
from nsbench.tracking.writing.summary_run import BEST

_NOTE_DIGEST = "nsbench.note_digest"
"""The experiment's tag by which a description is known to be ours still."""

_MOST_STUDIES = 200


@dataclass(frozen=True)
class ExperimentPage:
    """Where a dataset's runs are looked at.

    Attributes:
        dataset: Its name.
        address: Opens the view that says most: the methods side by side, or the runs while no method has been summed up.
    """

    dataset: str
    address: str


def renew_page(client: MlflowClient, experiment: Experiment) -> tuple[SavedView, ...]:
    """Writes what is new of an experiment's views and description; what somebody changed by hand stays.

    Returns:
        The views, whether they were written now or not.
    """
    experiment_id = experiment.experiment_id
    studies: Sequence[Run] = client.search_runs(
        [experiment_id],
        tag_is(Tag.KIND, RunKind.STUDY),
        max_results=_MOST_STUDIES,
        order_by=["attributes.start_time DESC"],
    )
    objectives = [run.data.tags[OBJECTIVE_TAG] for run in studies if OBJECTIVE_TAG in run.data.tags]
    searched = sorted({name.removeprefix(BEST) for run in studies for name in run.data.tags if name.startswith(BEST)})
    views = page_views(objectives, searched)
    for place, view in enumerate(views):
        wanted = packed(view, (experiment.creation_time or 0) - place)
        if is_outdated(experiment.tags.get(view.tag), wanted):
            set_experiment_tag(client, experiment_id, view.tag, wanted)
    for name, value in _note_tags(experiment, views).items():
        set_experiment_tag(client, experiment_id, name, value)
    return views


def set_experiment_tag(client: MlflowClient, experiment_id: str, name: str, value: str) -> None:
    """Writes a tag, whoever else writes it at that moment.

    MLflow looks for the tag and then inserts it. Where two processes begin the first runs of a dataset, the second insertion is
    refused; once more, the tag is found and written over.
    """
    try:
        client.set_experiment_tag(experiment_id, name, value)
    except (MlflowException, IntegrityError):
        client.set_experiment_tag(experiment_id, name, value)


def has_page(experiment: Experiment) -> bool:
    """Whether all views have been written once."""
    return all(view.tag in experiment.tags for view in page_views())


def pages_of(uri: str, server: str) -> list[ExperimentPage]:
    """The pages of a store's datasets, the one with the newest run first; renews their views and descriptions.

    Args:
        uri: The store.
        server: The address of the MLflow server that shows it.

    Raises:
        TrackingError: The store can't be read or written.
    """
    client = connect(uri)
    found = []
    with store_errors(uri):
        for experiment in client.search_experiments():
            if Tag.DATASET.value not in experiment.tags:
                continue
            newest = client.search_runs(
                [experiment.experiment_id], max_results=1, order_by=["attributes.start_time DESC"]
            )
            methods, others, *_ = renew_page(client, experiment)
            is_summed_up = client.search_runs([experiment.experiment_id], methods.condition, max_results=1)
            address = view_address(server, experiment.experiment_id, methods if is_summed_up else others)
            started = newest[0].info.start_time if newest else 0
            found.append((started, ExperimentPage(experiment.name, address)))
    return [page for _, page in sorted(found, key=lambda pair: -pair[0])]


def note_report(uri: str, datasets: Sequence[str], page: str) -> None:
    """Names a report in the descriptions of the experiments that it is about.

    Raises:
        TrackingError: The store can't be written.
    """
    client = connect(uri)
    with store_errors(uri):
        for dataset in datasets:
            experiment = client.get_experiment_by_name(dataset)
            if experiment is not None:
                set_experiment_tag(client, experiment.experiment_id, Tag.REPORT, page)
                renew_page(client, client.get_experiment(experiment.experiment_id))


def _note_tags(experiment: Experiment, views: Sequence[SavedView]) -> Mapping[str, str]:
    """The description and its digest; nothing where it is as it should be, or somebody else's."""
    held, note = experiment.tags.get(NOTE, ""), _note_of(experiment, views)
    is_ours = not held or experiment.tags.get(_NOTE_DIGEST) == _digest(held)
    return {NOTE: note, _NOTE_DIGEST: _digest(note)} if is_ours and note != held else {}


def _note_of(experiment: Experiment, views: Sequence[SavedView]) -> str:
    dataset, report = experiment.name, experiment.tags.get(Tag.REPORT)
    listed = "\n".join(f"- {view.name}" for view in views)
    written = (
        f"The last report on them: {report}" if report else f"`nsbench report --dataset {dataset}` reports on them"
    )
    # The first line is all that the page shows until it is unfolded.
    return f"Runs of nsbench on the dataset **{dataset}**. {written}.\n\nThe menu *Views* of the page *Runs* holds:\n\n{listed}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
