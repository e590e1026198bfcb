"""The section on the ladder from the paper's published protocol to a sound one.

`climb` gathers the runs of a dataset's ladders rung by rung, with the statistics and the paper's claims of each rung; `probe`
sets an adaptive sampler beside its whole pool; `table` and `words` show them, and `nsbench.report.figures.ladder` draws them.
"""
