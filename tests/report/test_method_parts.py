"""A method's parts are read from its runs, those of older versions too."""

import pytest

from nsbench.losses import DEFAULT_LOSS, LOSSES
from nsbench.method import Method
from nsbench.models import DEFAULT_MODEL, MODELS
from nsbench.report import method_parts
from nsbench.report.method_parts import MethodParts, method_name, noun_of, parts_of, yardstick_of
from nsbench.samplers import SAMPLERS
from nsbench.terms import RunKind
from tests.report.stored_run_builder import of_method, repeats, stored, summary_of


def summary_of_methods(*methods):
    return summary_of(
        *(of_method(repeats("a", [0.1, 0.2], 0.5, first_minute=9 * i), *one) for i, one in enumerate(methods))
    )


def test_name_and_tags_tell_the_parts_and_the_label_what_to_call_them():
    (row,) = summary_of_methods(("mixed+softmax+gru4rec", "softmax", "gru4rec")).methods
    assert row.method.label == "Mixed + softmax + GRU4Rec"
    assert parts_of(row.method) == MethodParts("mixed", "softmax", "gru4rec", "Mixed", "softmax", "GRU4Rec")


def test_a_backbone_alone_is_no_loss():
    (row,) = summary_of_methods(("mixed+gru4rec", "bce", "gru4rec")).methods
    assert parts_of(row.method) == MethodParts("mixed", "bce", "gru4rec", "Mixed", "BCE", "GRU4Rec")


def test_what_a_name_fixes_belongs_to_the_part_behind_which_it_stands():
    (row,) = summary_of_methods(("popularity+gamma=0.5+softmax+log_q=classic", "softmax", "sasrec")).methods
    assert parts_of(row.method) == MethodParts(
        "popularity+gamma=0.5",
        "softmax+log_q=classic",
        "sasrec",
        "Popularity (gamma=0.5)",
        "softmax (log_q=classic)",
        "SASRec",
    )


def test_runs_of_older_versions_have_the_papers_loss_and_backbone():
    (row,) = summary_of([stored("mixed")]).methods
    assert parts_of(row.method) == MethodParts("mixed", "bce", "sasrec", "mixed", "BCE", "SASRec")


def test_the_report_knows_the_defaults_and_the_yardstick_by_their_names_in_the_catalogues():
    assert (method_parts.DEFAULT_LOSS, method_parts.DEFAULT_MODEL) == (DEFAULT_LOSS, DEFAULT_MODEL)
    assert method_parts.YARDSTICK_SAMPLER in SAMPLERS
    assert method_parts.YARDSTICK_LOSS in LOSSES


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("model", MODELS)
def test_labels_of_parts_are_those_of_the_catalogues(loss, model):
    name = Method("adaptive-batch", loss, model).name
    (row,) = summary_of_methods((name, loss, model)).methods
    parts = parts_of(row.method)
    assert (parts.sampler_label, parts.loss_label, parts.model_label) == (
        "Adaptive batch",
        LOSSES[loss].label,
        MODELS[model].label,
    )
    assert method_name("adaptive-batch", loss, model) == name


def test_methods_are_called_samplers_where_they_differ_in_nothing_else():
    baseline = [stored("PopRec", kind=RunKind.BASELINE)]
    assert noun_of(summary_of(baseline, repeats("a", [0.1], 0.5), repeats("b", [0.1], 0.5))) == "sampler"
    assert noun_of(summary_of_methods(("mixed",), ("mixed+softmax", "softmax"))) == "method"
    assert noun_of(summary_of_methods(("mixed",), ("mixed+gru4rec", "bce", "gru4rec"))) == "method"


def test_exact_cross_entropy_is_the_yardstick_of_its_own_backbone_alone():
    summary = summary_of_methods(("mixed",), ("catalogue+softmax", "softmax"), ("catalogue",))
    assert yardstick_of(summary, "sasrec").method.sampler == "catalogue+softmax"
    assert yardstick_of(summary, "gru4rec") is None
