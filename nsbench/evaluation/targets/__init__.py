"""Who is asked to predict what, after which history.

`target` makes the questions of a protocol, `history` is what a model is shown of one, and `rank_subset` finds those among another
protocol's that were ranked already.
"""
