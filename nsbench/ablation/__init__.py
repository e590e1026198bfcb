"""The ladder from what the paper's published code does to what is sound: its rungs, in order, as data.

`rung` names the rungs and what each of them turns; `nsbench.study.ablation` makes their runs, the report reads them. Nothing
here imports torch or mlflow.
"""
