"""One torch thread a test process: the suite uses the cores by processes, as nsbench does."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
