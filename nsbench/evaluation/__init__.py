"""How good a model's ranking of the whole catalogue is, in total and by popularity cohort.

Targets (who is asked to predict what after which history) -> ranks (how many candidates score higher) -> metrics.
`metrics` needs numpy only, so that the report computes any metric from stored ranks without torch.
"""
