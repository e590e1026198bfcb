"""Backbones: what turns a history into a state, from which the next item is scored. One backbone per file or folder.

A backbone never sees targets, negatives or a loss.
"""
