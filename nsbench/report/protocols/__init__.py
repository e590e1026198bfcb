"""Whether evaluation protocols rank the methods alike: the same methods under two of them, or on two preparations of one log.

`scores` finds what each method reaches under each protocol, `agreement` computes the rank correlation, `protocol_table` shows
it. `runs_under` shows a store as it is under one protocol, for a report on that.
A comparison is of one protocol: that of the newest run, unless another one is asked for.
"""
