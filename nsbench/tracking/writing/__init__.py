"""Writes runs to MLflow, and waits for a store that is out.

`mlflow_tracker` is the door; the rest of the package knows only `nsbench.tracking.tracker`.
"""
