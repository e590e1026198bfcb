"""The record of every run: what was asked, what came out, what it cost. MLflow is where it is kept.

`record` says what a run is, `tracker` what can be told while it goes on, `stored_run` what can be read back. The
`mlflow_*`
files write and read MLflow, are the only ones that import it, and take seconds to import: import them inside commands.
"""
