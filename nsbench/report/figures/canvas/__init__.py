"""What all figures share: colours, type, axes, where labels go, and the cache of drawn files.

Only this room and the figures themselves import matplotlib.
"""
