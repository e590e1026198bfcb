"""Losses: functions of the scores of positives and negatives, with their gradient. One loss per file.

A loss never sees item vectors, batches or samplers.
"""
