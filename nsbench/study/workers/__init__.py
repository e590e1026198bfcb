"""Processes that take jobs and give results: on this machine, or on a Ray cluster.

`pool` is what both are, `worker` what runs in each process. Jobs are opaque here: what a trial or a repeat is, they don't know.
"""
