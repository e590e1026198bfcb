"""The ladder from the paper's published protocol to a sound one: which settings its rungs have, and which runs are missing.

`ladder` climbs it for one method: the settings at each rung, and which rungs need a training of their own. `ladder_runs` lists
what is still to be made of several methods' ladders with several seeds. A run is made by `nsbench.runs.rung`.
"""
