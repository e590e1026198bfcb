"""How fast nsbench is on this machine, beside what the machine can do.

Every figure is a rate measured in the same run as the limit that it is compared with, so a busy or small machine changes
both. Timed tests have no place in the test suite; this is where speed is looked after.
"""
