"""Many runs on many cores, and what they add up to: studies, repeats, profiles.

One process leads: it alone talks to Optuna, hands jobs to worker processes that train one model each, and hears of every
validation. A study therefore has exactly the planned number of trials whatever the number of workers, and when a worker
dies its leader knows at once. When the leader dies, the next one puts right what it left (`nsbench.study.reconcile`).

`tuning` claims and ends trials, `repeat` lists runs, `pool` and `worker` carry them out, `engine` joins the two.
"""
