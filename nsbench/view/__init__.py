"""What people see while work goes on, in a terminal and in a notebook, and how they interrupt it.

`console` shows other people's text unchanged and harmless; all that is drawn goes through it. `study_view` draws studies and
lists of runs, `run_observer` one run. `interruption` turns signals into one orderly end.

Nothing here decides, computes a figure or reads a store. The command line and the Python interface both show their work by it;
what one command alone prints stands with that command.
"""
