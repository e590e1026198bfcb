"""What the commands say of a log that is too small or too uneven for the usual cut-offs and cohorts."""

from pathlib import Path

from tests.cli.in_process import nsbench


def test_a_log_of_five_items_is_trained_at_smaller_cut_offs_and_larger_ones_are_warned_of(tmp_path: Path) -> None:
    """Twelve users see five items in turn, one of them 70 % of the time."""
    log = tmp_path / "log.csv"
    rows = [(user, 1 if place % 10 < 7 else 2 + (user + place) % 4) for user in range(12) for place in range(20)]
    log.write_text("user,item,time\n" + "".join(f"{u},{i},{n}\n" for n, (u, i) in enumerate(rows, start=1_600_000_000)))
    home = tmp_path / "home"
    prepared = nsbench(home, "data", "prepare", str(log), "--name", "five", "--split-by", "rows")
    assert prepared.code == 0, prepared.err
    assert "only 5 items are ranked, so that the hit rate at 10 is 1" in prepared.out
    assert "single items are too popular for thirds" in prepared.out
    described = nsbench(home, "data", "describe", "five")
    assert "single items are too popular for thirds" in described.out
    arguments = ("train", "--sampler", "random", "--dataset", "five", "--no-track", "--set", "max_epochs=1")
    fitting = nsbench(home, *arguments, "--set", "cutoffs=1,2", "--set", "hidden_dim=4")
    assert fitting.code == 0, fitting.err
    assert "valid/all/hit_rate_at_2" in fitting.out
    assert "decide" not in fitting.err
    idle = nsbench(home, *arguments, "--set", "hidden_dim=4")
    assert idle.code == 0, idle.err
    assert idle.err.count("hit rates at 5, 10, 20 and 50 are 1 for every ranking of them and decide nothing") == 1
