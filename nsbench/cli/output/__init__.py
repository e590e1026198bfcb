"""What commands print once their work is done: tables for people, JSON documents for programs.

`json_output` is the switch between the two; `bench_view` draws what a bench gives, and `run_document` holds what `--json` says of
runs. What is shown while work goes on is in `nsbench.view`.

Nothing here decides, computes a figure or reads a store: it gets results and shows them. What one command alone writes may
stand beside it; what two commands write comes here, one file per thing that is shown.
"""
