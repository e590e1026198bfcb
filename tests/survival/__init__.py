"""Studies under random kills; `python -m tests.survival` is the long form of `tests/study/test_survival.py`."""
