"""The chosen settings are shown, and can be typed back as they stand."""

import shlex
from dataclasses import replace

import pytest

from nsbench.config import Settings, parse_assignments
from nsbench.report.tables.number_text import UNDEFINED
from nsbench.report.tables.settings import command_table, repeat_command, settings_table
from nsbench.samplers import SAMPLERS
from nsbench.terms import N_EPOCHS, RunKind, Tag
from tests.report.stored_run_builder import repeats, stored, summary_of


def with_settings(settings, name, epochs=((8, 13), (10, 15), (12, 20)), **changes):
    params = {key: str(value) for key, value in settings.flat().items()}
    return [
        replace(run, params=params, metrics={**run.metrics, "best_epoch": best, N_EPOCHS: n}, **changes)
        for run, (best, n) in zip(repeats(name, [0.1, 0.2, 0.3], 0.5), epochs, strict=True)
    ]


def test_the_table_holds_what_was_chosen_and_for_how_long_it_was_trained():
    """Best epochs 8, 10 and 12, after which 13, 15 and 20 epochs were over: 10 and 16 on average."""
    values = {"learning_rate": 0.0018718410130444216, "n_in_batch": 35, "n_uniform": 40, "n_hardest": 6}
    settings = Settings.of("adaptive-mixed", {**values, "batch_size": 64})
    table = settings_table(summary_of(with_settings(settings, "adaptive-mixed", study="demo/adaptive-mixed/default")))
    cells = dict(zip(table.columns, (cell.text for cell in table.rows[0]), strict=True))
    assert cells["Learning rate"] == "0.00187"
    assert cells["Negatives"] == "35 in batch + 40 uniform, of which the 6 hardest"
    assert cells["Batch size"] == "64"
    assert cells["Best epoch"] == "10 (8 to 12)"
    assert cells["Epochs trained"] == "16 (13 to 20)"
    assert cells["Study"] == "demo/adaptive-mixed/default"


def test_negatives_are_counted_by_the_fields_that_the_run_names():
    params = {"sampler": "own", "n_rare": "30", "n_common": "100", "n_trained": "3"}
    tags = {Tag.N_PROPOSED: "n_rare=rare; n_common=common", Tag.N_KEPT: "n_trained"}
    runs = [replace(run, params=params, tags=tags) for run in repeats("own", [0.1, 0.2, 0.3], 0.5)]
    table = settings_table(summary_of(runs))
    assert table is not None
    assert table.rows[0][table.columns.index("Negatives")].text == "30 rare + 100 common, of which the 3 hardest"


@pytest.mark.parametrize("is_of_an_older_version", [False, True])
def test_the_losses_settings_tell_the_softmax_methods_apart(is_of_an_older_version):
    """Whose runs of older versions don't say which settings are the loss's."""
    fixed = ["random+softmax+log_q=classic", "random+softmax+log_q=corrected+temperature=0.25"]
    groups = []
    for name in ["random", *fixed]:
        settings = Settings.of(name)
        loss = type(settings.loss)
        tags = {Tag.LOSS: loss.name} | (
            {} if is_of_an_older_version else {Tag.LOSS_SETTINGS: ",".join(loss.model_fields)}
        )
        groups.append(with_settings(settings, name, tags=tags, label=settings.method.label))
    table = settings_table(summary_of(*groups))
    cells = [row[table.columns.index("Loss settings")].text for row in table.rows]
    assert cells[1:] == ["temperature 1, log_q classic", "temperature 0.25, log_q corrected"]
    assert cells[0] == UNDEFINED


def test_where_all_have_the_papers_loss_its_settings_are_not_shown():
    table = settings_table(summary_of(with_settings(Settings.of("random"), "random", tags={Tag.LOSS: "bce"})))
    assert "Loss settings" not in table.columns


@pytest.mark.parametrize("sampler", list(SAMPLERS))
def test_the_command_gives_the_very_settings_when_it_is_typed_back(sampler):
    """A learning rate that a rounded text would change, and values that YAML could take for something else."""
    settings = Settings.of(sampler, {"learning_rate": 1.2345678901234567e-05, "cutoffs": [10], "max_epochs": 7})
    summary = summary_of(with_settings(settings, sampler))
    words = shlex.split(repeat_command(summary, summary.samplers[0].method))
    assert words[:9] == ["nsbench", "repeat", "--sampler", sampler, "--dataset", "demo", "--defaults", "--repeats", "3"]
    typed = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
    assert Settings.of(sampler, parse_assignments(typed)) == settings


@pytest.mark.parametrize(
    "method",
    ["mixed+softmax", "random+gbce+gru4rec", "random+softmax+log_q=classic", "batch+gru4rec", "catalogue+softmax"],
)
def test_the_command_of_a_method_names_its_parts_once(method):
    settings = Settings.of(method, {"max_epochs": 7})
    summary = summary_of(with_settings(settings, method))
    words = shlex.split(repeat_command(summary, summary.samplers[0].method))
    typed = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
    assert words[3] == method
    assert not any(text.startswith(("loss=", "model=", "sampler=")) for text in typed)
    assert Settings.of(method, parse_assignments(typed)) == settings


def test_the_whole_catalogue_is_every_item():
    runs = with_settings(Settings.of("catalogue+softmax"), "catalogue+softmax", tags={Tag.N_PROPOSED: ""})
    table = settings_table(summary_of(runs))
    assert table.rows[0][table.columns.index("Negatives")].text == "every item"


def test_what_a_shell_would_read_otherwise_is_quoted():
    runs = [
        replace(run, dataset="my log; rm -rf $HOME", params={"a": "x y'z"}) for run in repeats("a", [0.1, 0.2], 0.5)
    ]
    summary = summary_of(runs)
    words = shlex.split(command_table(summary).rows[0][1].text)
    assert words[5] == "my log; rm -rf $HOME"
    assert words[-1] == "a=x y'z"


def test_repeats_whose_study_maximised_something_else_name_it_since_it_decides_the_best_epoch():
    settings = Settings.of("random")
    study = stored(
        "random", kind=RunKind.STUDY, study="mine", metrics={}, tags={"nsbench.objective": "valid/all/ndcg_at_10"}
    )
    summary = summary_of([study], with_settings(settings, "random", study="mine"))
    assert "--study mine --repeats 3" in repeat_command(summary, summary.samplers[0].method)


def test_runs_that_do_not_say_their_settings_have_no_command():
    summary = summary_of(repeats("a", [0.1, 0.2], 0.5))
    assert settings_table(summary) is None
    assert command_table(summary) is None
