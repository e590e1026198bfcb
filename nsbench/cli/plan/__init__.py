"""`nsbench plan`: what a profile will take before it is run, and what it took afterwards.

`command` is the command, `option` reads the machines and workers from its options, and `document` is the form of its `--json`.
The forecast itself comes from `nsbench.forecast`. A new figure of the forecast is added there first, then to `document` and to
the table in `command`.
"""
