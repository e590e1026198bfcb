"""The report's tables, a DataFrame each until a format writes it (`table` is what they are made of).

A table decides what is shown and how it is rounded; `nsbench.report.statistics` decides whether a difference is significant.
Add one as a file with a function that gives a `ReportTable`, and name it in `nsbench.report.formats.composition`.
"""
