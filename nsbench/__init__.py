"""nsbench: which negative sampling should train your sequence recommender, and what does it cost head, mid and tail items?

The package is laid out in floors; imports go down only (see `[tool.importlinter]` in pyproject.toml):
`cli` -> `report`, `study` -> `experiment` -> `tracking` -> `config` -> `training`, `evaluation`
-> `samplers`, `model`, `loss` -> `data`.
"""

__version__ = "0.2.0"
