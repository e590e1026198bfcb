"""SASRec: its definition, and beside it a training pass and a ranking pass written out for speed.

`definition` says what is computed; tests hold `encoder`, with its `layer` and `attention`, and `last_state` to it.
"""
