"""Samplers that are no files of the room above: written as an `expression` (`composed`), or `installed` by another package.

Both become settings classes like any other, so nothing else knows the difference.
"""
