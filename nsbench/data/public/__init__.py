"""Public logs: where they are, how they are fetched and unpacked, and the counts that were published for them.

Add a log as an entry of `PUBLIC_LOGS` in `public_log`.
"""
