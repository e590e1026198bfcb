"""What the bench measures on a GPU, on a pretended one."""

from dataclasses import replace

import pytest

from nsbench.bench import ours as rows
from nsbench.bench.condition import Conditions
from nsbench.bench.ours import AS_A_GRAPH, EVALUATION, PADDED, REPLICAS, build_ours, sheet_of
from nsbench.bench.slice import Span
from tests.bench.bench_builder import TINY
from tests.pretend_gpu import IS_PRETENDED, PRETEND_GPU, pretended_gpu


def test_each_row_trains_and_some_are_repeated_as_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of eight steps of a row that is a graph some are repeated, of the others none."""
    monkeypatch.setenv("NSBENCH_DEVICE", PRETEND_GPU.type)
    monkeypatch.setenv("NSBENCH_CUDA_GRAPHS", "1")
    monkeypatch.setattr(rows, "N_REPLICAS", 2)
    workload = replace(TINY, shows_padding=True, shows_replicas=True)
    graphs = {f"{name}{AS_A_GRAPH}" for name in ("random", "mixed", REPLICAS)}
    with pretended_gpu() as started:
        ours = build_ours(workload, ["random", "mixed"], Conditions(n_negatives=5, n_threads=1))
        assert set(sheet_of(ours).works) == {"random", "mixed", PADDED, REPLICAS} | graphs
        assert set(ours.contestants) == set(sheet_of(ours).works) | {EVALUATION}
        for name in ours.contestants:
            started.clear()
            assert ours.run(name, Span(0.0, "wall", n_steps=8)).n_units > 0
            assert not IS_PRETENDED or (started.calls["graph"] > 0) == (name in graphs)
