"""How each compared sampler was tuned, and whether that was done alike: a sampler that was searched longer wins more easily."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nsbench.report.method_parts import noun_of, plain_method
from nsbench.report.run_check import number_of
from nsbench.report.selection import Method
from nsbench.report.summary import DatasetSummary
from nsbench.report.tables.number_text import listed
from nsbench.terms import RunKind
from nsbench.tracking.stored_run import StoredRun

_N_TRIED = ("study/n_finished", "study/n_pruned")
_N_CUT_OFF = "study/n_cut_off"


@dataclass(frozen=True)
class Tuning:
    """What the settings of a sampler's repeats were chosen by.

    Attributes:
        label: The sampler's label.
        studies: The studies that its repeats name; empty where settings were not searched.
        n_trials: Trials that finished or were pruned; None where that is unknown.
        n_cut_off: Of these, those that ended at their last epoch and that no other trial resumes; 0 where that is unknown.
        n_points: Distinct points among them, since a trial may confirm another's with a new seed; None where unknown.
        epochs: The most epochs that trials were allowed, rising.
        patience: The patience of trials.
        repeat_patience: The patience of the repeats.
        profile: What the studies' names hold beside dataset and sampler.
    """

    label: str
    studies: tuple[str, ...]
    n_trials: int | None
    n_cut_off: int
    n_points: int | None
    epochs: tuple[str, ...]
    patience: tuple[str, ...]
    repeat_patience: tuple[str, ...]
    profile: tuple[str, ...]


def tunings_of(summary: DatasetSummary) -> list[Tuning]:
    """How each of the compared samplers was tuned."""
    return [_tuning(summary, row.method) for row in summary.samplers]


def tuning_warning(summary: DatasetSummary) -> list[str]:
    """That samplers were tuned unequally, and how; empty where they were tuned alike, as far as is known."""
    tunings = tunings_of(summary)
    reasons = _differences(tunings)
    if not reasons:
        return []
    ways = "; ".join(f"{tuning.label}: {', '.join(text(tuning) for text in reasons)}" for tuning in tunings)
    return [
        f"Tuned unequally, so part of the differences may come from the search and not from the {noun_of(summary)}s: {ways}. "
        f"Give each the same `nsbench tune --dataset {summary.dataset}` with the same options, and repeat them again."
    ]


def cut_off_search_warning(summary: DatasetSummary) -> list[str]:
    """Which samplers' settings were chosen by trials that were cut off: others may be better. Empty where none were."""
    cut_off = [tuning for tuning in tunings_of(summary) if tuning.n_cut_off]
    if not cut_off:
        return []
    trials = listed([f"{tuning.n_cut_off} of {_trials_text(tuning)} of {tuning.label}" for tuning in cut_off])
    return [
        f"Searched with trials that were cut off: {trials}; they prefer what learns fast, and other settings may be better. "
        f"Resume them by the same `nsbench tune` with more `--epochs` (in a profile: `epochs` in its part `tune`), and "
        "repeat again."
    ]


def is_unequal(summary: DatasetSummary) -> bool:
    """Whether samplers were tuned unequally, so that `tuning_warning` has something to say."""
    return bool(_differences(tunings_of(summary)))


def _differences(tunings: Sequence[Tuning]) -> list[Callable[[Tuning], str]]:
    """In what the samplers' tuning differs, each as the function that describes it for one sampler; empty where it is alike."""
    if any(tuning.studies for tuning in tunings) and not all(tuning.studies for tuning in tunings):
        return [_searched_text]
    # All name the same studies, or none: then only their repeats can differ.
    if not _differ([tuning.studies for tuning in tunings]):
        return [_repeat_patience_text] if _differ([tuning.repeat_patience for tuning in tunings]) else []
    known = [tuning for tuning in tunings if tuning.n_trials is not None]
    differing: list[Callable[[Tuning], str]] = []
    # A point that is confirmed, or proposed twice by chance, changes only one of the two numbers.
    if _differ([tuning.n_trials for tuning in known]) and _differ([tuning.n_points for tuning in known]):
        differing.append(_trials_text)
    if _differ([tuning.epochs for tuning in known if tuning.epochs]):
        differing.append(_epochs_text)
    if _differ([tuning.patience for tuning in known if tuning.patience]):
        differing.append(_patience_text)
    if _differ([tuning.repeat_patience for tuning in tunings if tuning.repeat_patience]):
        differing.append(_repeat_patience_text)
    if _differ([tuning.profile for tuning in tunings]):
        differing.append(_study_text)
    return differing


def _differ(values: Sequence[object]) -> bool:
    return len(set(values)) > 1


def _trials_text(tuning: Tuning) -> str:
    if tuning.n_trials is None:
        return "an unknown number of trials"
    return f"{tuning.n_trials} {'trial' if tuning.n_trials == 1 else 'trials'}"


def _searched_text(tuning: Tuning) -> str:
    return _trials_text(tuning) if tuning.studies else "not tuned"


def _epochs_text(tuning: Tuning) -> str:
    return f"at most {' or '.join(tuning.epochs)} epochs each" if tuning.epochs else "an unknown number of epochs"


def _patience_text(tuning: Tuning) -> str:
    return f"patience {' or '.join(tuning.patience)} in trials" if tuning.patience else "unknown patience in trials"


def _repeat_patience_text(tuning: Tuning) -> str:
    return f"patience {' or '.join(tuning.repeat_patience) or 'unknown'} in repeats"


def _study_text(tuning: Tuning) -> str:
    return f"study {listed(tuning.studies)}"


def _tuning(summary: DatasetSummary, method: Method) -> Tuning:
    studies = tuple(sorted({run.study for run in method.runs if run.study}))
    # A setting that was swept around a study's best ones makes another method, of the same search.
    plain = plain_method(method.sampler)
    own = [
        run
        for run in summary.runs
        if run.study in studies
        and plain_method(run.sampler) == plain
        and run.dataset_hash in ("", summary.selection.dataset_hash)
    ]
    tried = [run for run in own if run.kind is RunKind.TRIAL and (run.status == "FINISHED" or run.is_pruned)]
    summaries = [run for run in own if run.kind is RunKind.STUDY]
    n_trials, n_points = _counts(tried, summaries)
    return Tuning(
        method.label,
        studies,
        n_trials,
        int(sum(run.metrics.get(_N_CUT_OFF, 0.0) for run in summaries)),
        n_points,
        _values(tried, "max_epochs"),
        _values(tried, "patience"),
        _values(method.runs, "patience"),
        tuple(sorted({_profile(study, summary.dataset, _searched_method(own, study, method)) for study in studies})),
    )


def _searched_method(runs: Sequence[StoredRun], study: str, method: Method) -> str:
    """The name of the method that a study searched, from its runs; the method's own where there are none."""
    return next((run.sampler for run in runs if run.study == study and run.kind is not RunKind.REPEAT), method.sampler)


def _counts(tried: Sequence[StoredRun], studies: Sequence[StoredRun]) -> tuple[int | None, int | None]:
    """Trials and distinct points, from the trials themselves or, where the store has none, from what the study recorded."""
    recorded = [sum(run.metrics.get(name, 0.0) for name in _N_TRIED) for run in studies if _N_TRIED[0] in run.metrics]
    # A trial that resumes another is a run of its own, which the study doesn't count twice.
    known = int(sum(recorded)) if recorded else None
    if tried:
        n_points = len({(run.study, frozenset(run.params.items())) for run in tried if run.params}) or len(tried)
        return known or len(tried), n_points
    return known, known


def _values(runs: Sequence[StoredRun], name: str) -> tuple[str, ...]:
    return tuple(sorted({run.params[name] for run in runs if name in run.params}, key=number_of))


def _profile(study: str, dataset: str, sampler: str) -> str:
    """A study's name without what must differ between samplers.

    >>> _profile("shop/random/wide", "shop", "random"), _profile("mine-random", "shop", "random")
    ('wide', 'mine-')
    """
    usual = f"{dataset}/{sampler}/"
    return study.removeprefix(usual) if study.startswith(usual) else study.replace(sampler, "")
