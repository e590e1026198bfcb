"""What a dataset may hold beside its interactions: when items are to be had, what users disliked, and what they truly want.

`availability` and `explicit_negative` come with a log, `truth` with a generated one. Most datasets have none of them.
"""
