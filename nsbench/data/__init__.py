"""From an interaction log to a Dataset: reading, filtering, splitting in time, storing, and batches for training.

A Dataset is three flat arrays in (user, time) order and a card. Everything above reads only those, so a log of any
source, and a synthetic one, are the same thing from here on.
"""
