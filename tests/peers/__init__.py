"""Other implementations on the same work: their figures, and nsbench beside them.

`python -m tests.peers` trains what nsbench has beside a figure and prints both, with the noise; `--help` says how to choose. It
needs the real logs (`NSBENCH_REAL_DATA`, as `tests/test_real_log.py`) and for all rows most of an hour of CPU time.
`published_code.csv` holds the paper's published code, `rectools.csv` RecTools' SASRec, both as measured on these logs.
"""
