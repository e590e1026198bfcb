"""Tables become LaTeX that compiles, whatever their words hold."""

import shutil
import subprocess

import pytest

from nsbench.report.formats.latex import latex_preview, latex_table, latex_text
from nsbench.report.tables.table import Rank, numbers, table_of, words

TABLE = table_of(
    "Hit rate on ml_1m, %",
    [
        words("Method", ["A & B", "C_D"]),
        numbers("Total", ["1.00 ±0.10", "–"], ranks=[Rank.BEST, Rank.SECOND]),
        words("Claim", ["x", "y"]),
    ],
)


def test_the_best_is_bold_and_the_second_underlined():
    lines = latex_table(TABLE, "demo").splitlines()
    assert r"  A \& B & \textbf{1.00 $\pm$0.10} & x \\" in lines
    assert r"  C\_D & \underline{--} & y \\" in lines


def test_words_stand_left_numbers_right_and_long_words_in_a_paragraph():
    assert r"\begin{tabular}{lrp{0.28\linewidth}}" in latex_table(TABLE, "demo")


def test_the_caption_is_the_title_and_the_label_the_name():
    text = latex_table(TABLE, "demo")
    assert r"\caption{Hit rate on ml\_1m, \%}" in text
    assert r"\label{tab:demo}" in text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [("50 %", r"50 \%"), ("a_b", r"a\_b"), ("$#{}", r"\$\#\{\}"), ("a\\b", r"a\textbackslash{}b"), ("<", "$<$")],
)
def test_what_means_something_to_latex_is_escaped(text, escaped):
    assert latex_text(text) == escaped


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex")
def test_the_tables_compile(tmp_path):
    (tmp_path / "demo.tex").write_text(latex_table(TABLE, "demo"))
    (tmp_path / "all.tex").write_text(latex_preview(["demo"]))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout[-2000:]
    assert (tmp_path / "all.pdf").exists()
