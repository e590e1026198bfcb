"""The record of every run: what was asked, what came out, what it cost. MLflow is where it is kept.

`record` says what a run is, `tracker` what can be told while it goes on; `mlflow_store` writes and `mlflow_reader` reads
MLflow and are the only files that import it.
"""
