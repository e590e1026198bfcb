"""What commands leave with, where that is neither success nor an error's own exit code."""

EXIT_FAILED_RUNS = 4
"""What a command leaves with that did its work, but for runs that failed."""
