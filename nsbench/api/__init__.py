"""nsbench from Python: what `import nsbench` gives, one file per noun.

`preparation` prepares a log or a DataFrame, `dataset` is the handle that everything else takes; `run` trains one model, `study`
tunes, `repeats` repeats and ranks baselines, `ablation` climbs the ladder, `comparison` compares, `evaluation` ranks by all of
them under another protocol, `results` lists all runs, and `model` asks a trained one. All of them call what the command line
calls (`nsbench.command`), with the same names and defaults, and give DataFrames. `progress` shows how far the work is, `argument`
checks what callers can get wrong, `history` takes their histories, `thread` keeps torch to one thread meanwhile, and `wording`
says errors in Python's words.

The package itself imports from here by name, and only when a name is asked for (`nsbench.__getattr__`); a new public name is one
line there. Nothing here prints: progress is drawn in terminals and notebooks alone, and everything else is logged.
"""
