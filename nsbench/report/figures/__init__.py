"""The report's figures, one per file; `catalogue` lists them with their titles and captions.

A figure takes what `nsbench.report.analysis` found and draws it on a `canvas`, which knows matplotlib and nothing of
samplers. Add one as a file with a function that draws it, and a line in `catalogue`.
"""
