"""The answer to "which negative sampling, and what does it cost head, mid and tail items?", from recorded runs alone.

Runs -> `selection` (which may be compared) -> `summary` (mean and deviation over repeats) -> `comparison` and `answer`
(what that means) -> `table` and figures -> `report` (the folder). Nothing here trains, ranks or imports torch.
"""
