"""How good a model's ranking of the whole catalogue is, in total and by popularity cohort.

Targets (who is asked to predict what after which history) -> ranks (how many candidates score higher) -> metrics.
`metrics` needs numpy only, so that the report computes any metric from stored ranks without torch. `rank_subset` finds what the
ranks of one evaluation say of another, and `sequentiality` tests whether a log's order says anything.
"""
