"""nsbench: which negative sampling should train your sequence recommender, and what does it cost head, mid and tail items?

The package is laid out in floors; imports go down only (see `[tool.importlinter]` in pyproject.toml):
`cli` -> `forecast` -> `report`, `study`, `bench` -> `runs` -> `tracking` -> `config` -> `training`, `evaluation`
-> `samplers`, `losses`, `models` -> `batching` -> `data` -> `tensors` -> `files`.
"""

__version__ = "0.2.0"
