"""One run from settings to record: `experiment` tells the story, `baseline` that of methods without training.

Who asked for a run, and why, is the business of `nsbench.study`.
"""
