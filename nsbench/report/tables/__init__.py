"""The report's tables, one per file, as rows of text that every format prints (`table` is what they are made of).

A table decides what is shown and how it is rounded; whether a difference is decided is said by `nsbench.report.statistics`.
Add one as a file with a function that gives a `Table`, and name it in `nsbench.report.formats.composition`.
"""
