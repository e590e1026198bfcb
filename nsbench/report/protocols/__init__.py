"""Whether evaluation protocols rank the methods alike: the same methods under two of them, or on two preparations of one log.

`scores` finds what each method reaches under each protocol, `agreement` computes the rank correlation, `protocol_table` shows it.
The report's comparison is of one protocol, and what is averaged there doesn't depend on anything here.
"""
