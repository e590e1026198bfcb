"""What the commands write: tables and progress for people, JSON documents for programs.

All that people read goes through `console`, which shows other people's text unchanged and harmless; `json_output` is the switch
between the two kinds of output. `bench_view`, `study_view` and `run_observer` draw what a bench, a study and a run give;
`run_document` holds what `--json` says of runs.

Nothing here decides, computes a figure or reads a store: it gets results and shows them. What one command alone writes may
stand beside it; what two commands write comes here, one file per thing that is shown.
"""
