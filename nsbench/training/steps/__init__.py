"""One optimisation step of several replicas, and who takes it.

`step` is the step: look up, encode, score, loss, gradient, Adam, and what the sampler learns. `lookup` gathers the item vectors
of a step, `scoring` makes scores, loss and gradients of the positions, with `log_q` where a loss needs it. `step_runner` takes
the steps of an epoch one by one, `step_graph` has a GPU repeat them, `runner_choice` decides between the two, and
`replica_steps` decides whether replicas share their kernels or follow one another.

Epochs, validations and checkpoints are unknown here: the loop in `nsbench.training` calls down. What every loss needs comes into
`scoring`; another way to launch steps is a runner beside `step_graph`.
"""
