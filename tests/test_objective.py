"""Which metric decides at which cut-offs."""

import pytest

from nsbench.errors import SettingsError
from nsbench.objective import checked_objective, default_objective


@pytest.mark.parametrize(
    ("cutoffs", "k"), [((1, 5, 10, 20, 50), 10), ((1, 5), 5), ((20, 50), 20), ((3,), 3), ((8, 12), 12), ((50, 9), 9)]
)
def test_the_default_is_the_hit_rate_at_the_cut_off_nearest_to_ten_the_larger_of_two(
    cutoffs: tuple[int, ...], k: int
) -> None:
    assert default_objective(cutoffs) == checked_objective(None, cutoffs) == f"valid/all/hit_rate_at_{k}"


def test_an_objective_at_another_cut_off_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(
        SettingsError,
        match=r"'valid/all/ndcg_at_10' \(did you mean .*\); there are with cutoffs=1,5: .*valid/tail/ndcg_at_5",
    ):
        checked_objective("valid/all/ndcg_at_10", (1, 5))
    assert checked_objective("valid/balance_ndcg_at_5", (1, 5)) == "valid/balance_ndcg_at_5"
