"""`nsbench data`: what the command line does with logs and datasets.

`app` gathers the sub-commands and holds those that list and describe; `prepare` and `fetch` are the two that make a dataset.
`dataset` holds the option by which every other command chooses its dataset. `prepare_option` holds those of `prepare`, and
`prepare_command` the line to type on another machine, and `sequentiality` shows the test of a log's order.

How a log is read and split is `nsbench.data`'s business: a file here parses, calls and prints. A new sub-command is a function
in a file of its own, added in `app`.
"""
