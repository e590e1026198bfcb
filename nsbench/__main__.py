"""`python -m nsbench`."""

from nsbench.cli.main import main

main()
