"""What a profile will take, before it is run, and what it took, after.

A profile is divided into its runs (`forecast`, with the work of each in `run_work`), each dataset and sampler gets rates from a
source that says where they come from (`rate`; `measurement` on this machine, `bench_file` of another one, or `device_file`), and
runs and rates give a `prediction` that is kept. When runs are recorded, `outcome` sets them beside it.
"""
