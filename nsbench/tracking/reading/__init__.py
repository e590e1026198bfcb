"""Reads runs back: from a database directly, or from an MLflow server; quickly, where there are thousands.

`mlflow_reader` is the door. What it gives is `nsbench.tracking.stored_run`, which knows nothing of MLflow.
"""
