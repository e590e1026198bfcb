"""Training: batches and negatives in, parameters out; several replicas at once.

Knows nothing of evaluation or tracking: the loop calls back once per validation, and that callback is all that pruning,
early stopping and tracking share.
"""
