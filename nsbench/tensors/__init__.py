"""What training, evaluation and preparation do with tensors and arrays, whatever the numbers mean.

`device` says where tensors live, `process_group` lets processes that train one model exchange tensors, `row_ops` reads, adds up
and writes back rows of a table, `index_range` and `radix_sort` are about flat integer arrays.

Users, items, models and batches are unknown here. An operation comes here when two rooms need it and its docstring can do without
those words.
"""
