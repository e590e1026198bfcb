"""What a training keeps on disk: unfinished ones to be resumed (`training_checkpoint`), finished models (`model_file`).

A checkpoint is believed only if its notes, its tensors' shapes and its digest fit the training that asks for it. A new part
of the training's state is added to `nsbench.training.state`, not here.
"""
