"""Formats of interaction logs: separated text, JSON lines, Parquet. `log_format` finds out which one a file is.

A format gives rows as they stand in the file; what columns mean is the business of `nsbench.data.log.columns`. Add one as a
file, and a line in `log_format`.
"""
