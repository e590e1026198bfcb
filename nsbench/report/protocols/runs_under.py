"""A store seen under one protocol: models that were ranked again under it stand for the runs that trained them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import final

from nsbench.errors import SettingsError
from nsbench.evaluation.rank_table import RankTable
from nsbench.report.selection import COMPARED_KINDS
from nsbench.terms import RunKind, Tag
from nsbench.tracking.stored_run import MetricPoint, RunReader, StoredRun


@final
class RunsUnder:
    """A reader to which repeats and baselines exist under one protocol only; runs of other kinds are as in the store.

    An evaluation has test metrics and ranks of its own, and everything else of the run whose model it ranked: cost, curves, seed.

    Args:
        reader: Reads the store.
        protocol: The protocol's name, or a part of it that no other one has, such as last or items:0.01,0.2.
    """

    def __init__(self, reader: RunReader, protocol: str) -> None:
        self._reader = reader
        self._protocol = protocol
        self._models: dict[str, str] = {}

    @property
    def location(self) -> str:
        """The store, as it may be shown."""
        return self._reader.location

    def datasets(self) -> tuple[str, ...]:
        """The datasets of the store."""
        return self._reader.datasets()

    def runs(
        self, dataset: str, kinds: Sequence[RunKind] = (), sampler: str | None = None, study: str | None = None
    ) -> tuple[StoredRun, ...]:
        """The runs of a dataset under the protocol; see `RunReader`."""
        found = self.all_runs([dataset])[dataset]
        return tuple(
            run
            for run in found
            if (not kinds or run.kind in kinds) and sampler in {None, run.sampler} and study in {None, run.study}
        )

    def all_runs(self, datasets: Sequence[str]) -> Mapping[str, tuple[StoredRun, ...]]:
        """All runs of some datasets under the protocol; see `RunReader`.

        Raises:
            SettingsError: A dataset has none under it, or under several that hold the text.
        """
        return {name: self._under(name, runs) for name, runs in self._reader.all_runs(datasets).items()}

    def histories(self, run_ids: Sequence[str], name: str) -> Mapping[str, tuple[MetricPoint, ...]]:
        """A metric of some runs at every validation: that of the training; see `RunReader`."""
        models = {run_id: self._models.get(run_id, run_id) for run_id in run_ids}
        found = self._reader.histories(list(models.values()), name)
        return {run_id: found[model] for run_id, model in models.items() if model in found}

    def ranks(self, run_id: str) -> RankTable:
        """The test ranks of a run; see `RunReader`."""
        return self._reader.ranks(run_id)

    def _under(self, dataset: str, runs: Sequence[StoredRun]) -> tuple[StoredRun, ...]:
        models = {run.run_id: run for run in runs if run.kind in COMPARED_KINDS}
        answers = [
            run
            for run in runs
            if run.kind is RunKind.EVALUATION and run.status == "FINISHED" and run.tags.get(Tag.EVALUATED) in models
        ]
        protocol = self._chosen(dataset, [*models.values(), *answers])
        answers = [run for run in answers if run.protocol == protocol]
        self._models |= {run.run_id: run.tags[Tag.EVALUATED] for run in answers}
        others = [run for run in runs if run.kind not in COMPARED_KINDS or run.protocol == protocol]
        return (*others, *(_as_of_model(run, models[self._models[run.run_id]]) for run in answers))

    def _chosen(self, dataset: str, runs: Sequence[StoredRun]) -> str:
        known = sorted({run.protocol for run in runs if run.status == "FINISHED"})
        fitting = [protocol for protocol in known if self._protocol in protocol]
        if self._protocol in known:
            return self._protocol
        if len(fitting) == 1:
            return fitting[0]
        problem = "several protocols of" if fitting else "no protocol of"
        raise SettingsError(
            f"{problem} {dataset} {'hold' if fitting else 'holds'} {self._protocol!r}; give one of: "
            f"{', '.join(fitting or known) or 'none, since nothing has finished'}; `nsbench evaluate --all --dataset {dataset}` "
            "makes more of them without training"
        )


def _as_of_model(answer: StoredRun, model: StoredRun) -> StoredRun:
    kept = {name: value for name, value in model.metrics.items() if not name.startswith("test/")}
    own = {name: value for name, value in answer.metrics.items() if name.startswith("test/")}
    return replace(
        model,
        run_id=answer.run_id,
        started=answer.started,
        ended=answer.ended,
        protocol=answer.protocol,
        fingerprint=answer.fingerprint,
        params=answer.params,
        dataset_card=answer.dataset_card,
        metrics={**kept, **own},
        artifact_uri=answer.artifact_uri,
    )
