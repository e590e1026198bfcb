"""The lists of what methods are made of, in a terminal of any width."""

from pathlib import Path

import pytest

from nsbench.config import sections_of
from nsbench.losses import LOSSES
from nsbench.samplers import SAMPLERS
from tests.cli.in_process import nsbench


@pytest.mark.parametrize("columns", ["60", "200"])
def test_names_that_are_to_be_typed_are_never_cut_short(columns: str, tmp_path: Path) -> None:
    for command, names in (
        (("samplers",), SAMPLERS),
        (("losses",), LOSSES),
        (("samplers", "mixed"), [name for one in sections_of("mixed").values() for name in one.model_fields]),
    ):
        shown = nsbench(tmp_path, *command, COLUMNS=columns).out.split()
        assert [name for name in names if name not in shown] == []
