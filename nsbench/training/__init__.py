"""Training: batches and negatives in, parameters out; several replicas at once.

Knows nothing of how a model is ranked or recorded: the loop asks an evaluator at each validation and tells one observer what
happens, which is all that pruning and tracking share.
"""
