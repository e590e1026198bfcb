"""The answer to "which negative sampling, and what does it cost head, mid and tail items?", from recorded runs alone.

Runs -> `run_check` (which can be right) -> `selection` (which may be compared) -> `summary` (mean and deviation over repeats)
-> `statistics` (what is significant) -> `answer`, `tables` and `figures` -> `formats` (the files). `analysis` runs the first
four, `report` all. Nothing here trains, ranks or imports torch.
"""
