"""What a profile will take, before it is run, and what it took, after.

A profile is taken apart into its runs (`part`), each dataset and sampler gets rates from a source that says how it came by
them (`rate`: measured here, `nsbench bench` of another machine, or a device file), and runs and rates give a prediction that
is kept. When runs are recorded, `outcome` sets them beside it.
"""
