"""Files and folders of this machine: where they lie, and how they are read and written so that nothing is lost.

`home` knows where nsbench keeps what it makes, `disk` writes files whole or not at all, `file_lock` is a lock between processes,
`leftover_file` tells half-written files of dead processes from those being written. `given_file` and `yaml_text` read what a user
names on the command line, and refuse it with its line when it can't be meant.

What the files hold is unknown here: datasets, checkpoints, studies and reports know their own contents. Nothing here imports
torch.
"""
