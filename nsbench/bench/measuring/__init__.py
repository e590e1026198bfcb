"""How the bench measures: clocks, slices that take turns, processes of their own, and what the machine can do at most.

`clock` reads time, `slice` cuts work into short slices that alternate, `condition` holds what is equal for all figures, `process`
gives every measurement a process of its own, `machine` measures the limits and `meter` times a run's calls.

Nothing here knows what is measured: no sampler, no model, no workload. Those are in `nsbench.bench.cases`.
"""
