"""From an interaction log to a Dataset: read, filter, split in time, write.

`prepare` is the whole story; the rooms below read `formats` and make sense of `columns`. Rows stream through a staged table,
so that a log may be larger than memory.
"""
