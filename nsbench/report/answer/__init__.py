"""The report's sentences: which sampler to use, at what price, and what is doubtful or undecided.

A sentence says no more than `nsbench.report.statistics` has decided. Each kind of sentence is a file.
"""
