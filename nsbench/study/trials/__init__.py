"""The trials of a study: assigned, grouped into replicas, resumed, retried, and put right after a crash.

Trial and run are tied both ways before training starts, so that Optuna and MLflow agree whatever is killed (`reconcile`).
"""
