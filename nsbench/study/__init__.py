"""Many runs on many cores, and what they add up to: studies, repeats, profiles.

A command has one process that leads: it alone talks to Optuna, hands jobs to workers that train one model each, and hears of
every validation. Several commands, on any machines that share the storage of studies and the tracking store, may work on
one study: they claim trials one at a time, so that it has exactly the planned number whatever the number of workers. When a
worker dies its leader knows at once; when a leader dies, another one puts right what it left (`nsbench.study.trials.reconcile`).

Optuna is told first, MLflow's run is closed after that: what a kill leaves in between can be told from what the study says.

`tuning` claims and ends trials, `repeat` lists runs, which `claim` shares out among commands, a `crew` carries them out (`pool`:
processes of this machine), `engine`
joins the two, `joining` is how another machine finds a study, `lock` and `lasting_storage` are what its database adds.
"""
