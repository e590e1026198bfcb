"""From an interaction log to a Dataset: read, filter, split in time, write.

`prepare` is the whole story, and `given_log` says of which files; the rooms below read `formats`, make sense of `columns`, and
say where to `cut` and how equal times are ordered. Rows stream through a staged table,
so that a log may be larger than memory.
"""
