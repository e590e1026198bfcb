"""The command line: one file per noun; parse, call, print. Errors become messages and exit codes in `main` only.

Heavy imports (torch, mlflow, polars, matplotlib) stand inside the commands, so that help costs nothing.
"""
