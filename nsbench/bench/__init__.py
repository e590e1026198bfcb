"""How fast nsbench is on this machine, beside what the machine can do.

Every figure is measured in the same run as the limit and the plain PyTorch step that it is compared with, in short slices
that take turns, so a busy or small machine changes all of them alike. Timed tests have no place in the test suite; this is
where speed is looked after.
"""
