"""What the bench measures, one file per case.

`training`, `evaluation`, `memory`, `preparation` with `log_reading`, `overhead` with `study_observer`, and `throughput` each
measure one thing that a user waits or pays for. `workload` makes the data they run on and `work` counts the operations that one
positive needs. `ours` gathers nsbench's cases of a workload; `reference` and `plain` are what they are compared with.

How time is taken is in `nsbench.bench.measuring`; ratios, targets and the comparison of two benches are in `nsbench.bench`. A new
case is a file here with a function that is measured, a line in `ours` (or in `nsbench.bench.run`, if it needs a process of its
own), and a row in `nsbench.cli.output.bench_view`.
"""
