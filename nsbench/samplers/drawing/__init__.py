"""What samplers draw with: streams of random numbers, histories to leave out, who shares a draw, pools, and selection by score.

`independent` draws from any proposal, `pool` from the positives of a batch. Nothing here has a name on the command line: a new
sampler is a file in the room above, made of these.
"""
