"""The report's sentences: which sampler to use, at what price, and what is doubtful or undecided.

A sentence claims no more than `nsbench.report.statistics` has decided. Each kind of sentence has a file.
"""
