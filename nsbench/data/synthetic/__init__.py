"""Logs that are generated, whose best reachable result is therefore known: the demo, benchmarks, tests."""
