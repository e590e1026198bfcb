"""What a command does, apart from how it was asked for and what is said of it.

The command line parses options, calls these functions and prints; the Python interface takes arguments, calls the same
functions and gives DataFrames. So both have the same checks and the same results. `prepare`, `train`, `tune`, `repeat`, `ablate`
and `report` are named after their commands, `evaluate` and `evaluate_all` are of one, `prepare_notice` holds the sentences about
a prepared log, `method_choice` and `worker_pool` are what several commands choose by. Nothing here prints; who is to look on is
passed in.
"""
