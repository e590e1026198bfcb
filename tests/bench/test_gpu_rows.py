"""What the bench measures on a GPU, on a pretended one."""

from dataclasses import replace

import pytest

from nsbench.batching.static_layout import StaticLayout
from nsbench.bench.cases import ours as rows
from nsbench.bench.cases.ours import AS_A_GRAPH, EVALUATION, PADDED, RECOMMENDATION, REPLICAS, build_ours, sheet_of
from nsbench.bench.cases.training import TrainingBench, model_of, settings_with
from nsbench.bench.cases.workload import dataset_of
from nsbench.bench.measuring.condition import Conditions
from nsbench.bench.measuring.slice import Span
from tests.bench.bench_builder import TINY
from tests.pretend_gpu import IS_PRETENDED, PRETEND_GPU, pretended_gpu

CONDITIONS = Conditions(n_negatives=5, n_threads=1)


@pytest.fixture(autouse=True)
def _on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSBENCH_DEVICE", PRETEND_GPU.type)
    monkeypatch.setattr(rows, "N_REPLICAS", 2)


def test_each_row_trains_and_some_are_repeated_as_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of eight steps, four epochs, of a row that is a graph some are repeated, of the others none."""
    monkeypatch.setenv("NSBENCH_CUDA_GRAPHS", "1")
    workload = replace(TINY, shows_padding=True, shows_replicas=True)
    graphs = {f"{name}{AS_A_GRAPH}" for name in ("random", "mixed", REPLICAS)}
    with pretended_gpu() as started:
        ours = build_ours(workload, ["random", "mixed"], CONDITIONS)
        assert set(sheet_of(ours).works) == {"random", "mixed", PADDED, REPLICAS} | graphs
        assert set(ours.cases) == set(sheet_of(ours).works) | {EVALUATION, RECOMMENDATION}
        n_units = {}
        for name in ours.cases:
            started.clear()
            n_units[name] = ours.run(name, Span(0.0, "wall", n_steps=8)).n_units
            assert not IS_PRETENDED or (started.calls["graph"] > 0) == (name in graphs)
    # Draws that were looked at before leave some rows in the middle of an epoch.
    assert n_units[f"mixed{AS_A_GRAPH}"] == pytest.approx(n_units["mixed"], rel=0.1)
    assert n_units[f"{REPLICAS}{AS_A_GRAPH}"] == pytest.approx(2 * n_units["random"], rel=0.1)


def test_rows_call_by_call_have_the_static_layout_and_no_graphs_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    n_laid_out, layout_for = [], StaticLayout.layout_for

    def counted(self: StaticLayout, *args: object) -> object:
        n_laid_out.append(1)
        return layout_for(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(StaticLayout, "layout_for", counted)
    with pretended_gpu():
        ours = build_ours(TINY, ["random"], CONDITIONS)
        n_laid_out.clear()
        assert list(sheet_of(ours).works) == ["random"]
        ours.run("random", Span(0.0, "wall", n_steps=3))
    assert len(n_laid_out) == 3


def test_each_graph_is_of_its_own_sampler() -> None:
    """Two rows in turn on one model, no row call by call beside them."""
    model, dataset = model_of(TINY), dataset_of(TINY)
    with pretended_gpu():
        bench = TrainingBench(model, dataset, PRETEND_GPU)
        cases = {name: bench.repeated(settings_with(name, 40, model))[0] for name in ("adaptive", "random")}
        for _ in range(2):
            for name, case in cases.items():
                case.run(Span(0.0, "wall", n_steps=3))
                sampler = bench._selector.sampler
                assert hasattr(sampler, "n_hardest") == (name == "adaptive")


def test_graph_rows_train_with_the_samplers_that_they_are_called_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSBENCH_CUDA_GRAPHS", "1")
    made, repeated = [], TrainingBench.repeated

    def noted(self: TrainingBench, settings: object) -> object:
        made.append((settings.sampler.name, self._n_replicas))  # type: ignore[attr-defined]
        return repeated(self, settings)  # type: ignore[arg-type]

    monkeypatch.setattr(TrainingBench, "repeated", noted)
    with pretended_gpu():
        build_ours(replace(TINY, shows_replicas=True), ["random", "mixed"], CONDITIONS)
    assert made == [("random", 1), ("mixed", 1), ("random", 2)]
