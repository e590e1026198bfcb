"""Many runs on many cores, and what they add up to: studies, repeats, profiles.

A command has one coordinator: it alone writes to Optuna, hands jobs to workers that train one model each, and receives
every validation. Several commands, on any machines that share the storage of studies and the tracking store, may work on
one study: they claim trials one at a time, so that it has exactly the planned number whatever the number of workers. When a
worker dies its coordinator knows at once; when a coordinator dies, another one puts right what it left
(`nsbench.study.trials.reconcile`).

Optuna gets the report first, MLflow's run is closed after that: what a kill leaves in between is known from the study.

`tuning` claims and ends trials, `repeat` lists runs, which `claim` shares out among commands, a `pool` of workers carries them
out, `scheduler` joins the two, `shared_study` is how another machine finds a study, `lock` and `retrying_storage` are what its
database adds.
"""
