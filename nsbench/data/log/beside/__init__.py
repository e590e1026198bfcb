"""What is kept beside the interactions of a log and never counts as one of them.

`negative_rows` divides a log into its interactions and its explicit negatives, `negative_writer` numbers the latter by the
dataset's users and items and writes them; `item_dates` reads from when until when each item is available. `kept` is all
of it, as it is asked for and as it is written.
"""
