"""The runs behind `.readme/findings.md`, kept as tables of numbers, and the tables of that page that are made from them.

Runs of many hours come together from several homes and machines: `kept` takes what a home has finished into a file, and gives
the runs of a file back, so that the report's own statistics judge them. `python -m tests.findings` does both, and prints the
page's tables.
"""
