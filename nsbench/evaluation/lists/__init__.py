"""What the lists of ten show, whether it is right or wrong.

`top_list` finds them, `exposure` counts how often each item is shown, `truth` holds them to what users want where that is known.
"""
