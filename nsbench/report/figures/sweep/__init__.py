"""Figures of a setting that takes several values: `negative_count`, `popularity_exponent`; and a log's `popularity_bias`."""
