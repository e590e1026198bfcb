"""The processes behind a command: how they are started, interrupted and ended.

`interruption` turns signals into one orderly end, `worker_pool` chooses where the work of a study is done, `distributed` holds
what the processes of a torchrun share, and `ui_guard` ends a server with all its children when the command has gone.

What the processes compute is unknown here. How workers are scheduled is in `nsbench.study`, how gradients are shared in
`nsbench.training`.
"""
