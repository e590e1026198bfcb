"""Where each position of a training step lies: batches of users, in buckets of similar length or end to end.

`batch` cuts users into batches, `step` lays several replicas' batches out together. Nothing here knows of models, samplers or
losses.
"""
