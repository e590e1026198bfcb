"""Which column of a log holds what, and what its values mean: labels, times, ratings.

Nothing here knows in which format the log was.
"""
