"""The processes behind a command: how they are started and ended.

`worker_pool` holds the options by which the place of a study's work is chosen, `distributed` what the processes of a torchrun
share, `exit_code` what commands leave with, and `ui_guard` ends a server with all its children when the command has gone.

What the processes compute is unknown here. How workers are scheduled is in `nsbench.study`, how gradients are shared in
`nsbench.training`.
"""
