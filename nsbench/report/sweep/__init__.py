"""Repeats and trials that differ in one setting alone, as `nsbench repeat --sweep` makes them: what that setting does.

`setting_group` finds them, whatever they are called, among all runs of a dataset; `negative_count` asks how accuracy depends on
the number of negatives, `popularity_exponent` whom negatives by popularity serve, under each correction of the softmax.
"""
