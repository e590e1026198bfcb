"""What the README and the pages that it links to show is so: commands, files, metrics and columns."""

import itertools
import re
import shlex
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer.main
import yaml
from mlflow import MlflowClient

from nsbench.cli.main import app
from nsbench.files.home import Home
from nsbench.losses import LOSSES
from nsbench.models import MODELS
from nsbench.runs.baseline import BASELINES
from nsbench.samplers import SAMPLERS
from nsbench.study.profile import Profile
from nsbench.study.search.space import StudyFile, space_of
from nsbench.terms import BALANCED_COHORTS, GROUPS
from nsbench.tracking.rank_file import write_ranks
from tests.cli.in_process import nsbench
from tests.tracking.run_builder import ranks_of

ROOT = Path(__file__).parent.parent
PAGES = {
    path: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted((ROOT / ".readme").glob("*.md")))
}
README = "\n".join(PAGES.values())


SUBCOMMANDS = {"synthetic", "fetch", "list", "describe", "verify", "histories", "show", "register"}
"""Those of `data` and `models` that stand behind a bar in the table of commands."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def section(title: str) -> str:
    return re.split(r"^#+ ", README.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """A table's rows, without its head, as cells."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def shown_commands() -> list[str]:
    """Every call of nsbench in code, without comments."""
    lines = [line.split(" #")[0] for block in blocks("sh") for line in block.splitlines()]
    inline = re.findall(r"`((?:[A-Z_]+=\S+ )*nsbench [^`]+)`", README)
    calls = [part for line in [*lines, *inline] for part in line.split("&&")]
    return sorted({match[1].strip() for call in calls if (match := re.search(r"(?:^|\s)nsbench (.+)", call))})


@pytest.mark.parametrize("call", shown_commands())
def test_a_command_and_its_options_exist(call: str) -> None:
    command = typer.main.get_command(app)
    words = shlex.split(call.replace(" \\|", ""))
    while hasattr(command, "commands") and not words[0].startswith("-"):
        command = command.commands[words.pop(0)]
        if set(words) <= SUBCOMMANDS:
            return
    known = {name for parameter in command.params for name in parameter.opts} | {"--help", "--install-completion"}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} - known == set()


def test_the_commands_are_all_of_them() -> None:
    calls = [cells[0] for cells in rows(section("Commands")) if cells[0].startswith("`nsbench ")]
    listed = {name for call in calls for name in re.findall(r"(?:^nsbench|\|) ([a-z]+)", call.strip("`"))}
    listed -= SUBCOMMANDS
    assert listed == set(typer.main.get_command(app).commands)


def test_the_parts_of_methods_are_all_of_them() -> None:
    listed = [re.findall(r"`([^`]+)`", cells[0]) for cells in rows(section("Concepts")) if len(cells) == 3]
    assert list(itertools.chain(*listed)) == [*SAMPLERS, *LOSSES, *MODELS]


def test_the_papers_names_are_those_that_the_samplers_give() -> None:
    """One for each sampler of a row, or one for all of them."""
    for samplers, paper, _ in [cells for cells in rows(section("Concepts")) if len(cells) == 3]:
        names = [name for name in re.findall(r"`([^`]+)`", samplers) if name in SAMPLERS]
        own = dict.fromkeys(filter(None, (SAMPLERS[name].paper_name for name in names)))
        assert not names or ", ".join(own) == paper


def test_the_profile_and_the_study_file_are_accepted() -> None:
    contents = [yaml.safe_load(block) for block in blocks("yaml")]
    (profile,) = [Profile.model_validate(content) for content in contents if "datasets" in content]
    (study,) = [StudyFile.model_validate(content) for content in contents if "search" in content]
    assert set(profile.baselines) <= set(BASELINES)
    for sampler in profile.samplers:
        assert space_of(sampler, study, profile.values).base.training.max_epochs == profile.tune.epochs


def test_the_profile_shows_every_field() -> None:
    (shown,) = [content for block in blocks("yaml") if "datasets" in (content := yaml.safe_load(block))]
    assert set(shown) == set(Profile.model_fields)
    assert set(shown["tune"]) == set(Profile.model_fields["tune"].annotation.model_fields)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the metrics of a run."""
    home = Home(tmp_path_factory.mktemp("readme"))
    few = ("--users", "80", "--items", "100", "--interactions", "1600", "--popularity-bias", "0.5", "--name", "few")
    shown = nsbench(home.root, "data", "synthetic", *few)
    assert shown.code == 0, shown.err
    shown = nsbench(
        home.root, "train", "--sampler", "mixed", "--dataset", "few", "--epochs", "1", "--set", "hidden_dim=8"
    )
    assert shown.code == 0, shown.err
    client = MlflowClient(home.tracking_uri)
    (experiment,) = [found for found in client.search_experiments() if found.name == "few"]
    (run,) = client.search_runs([experiment.experiment_id])
    return set(run.data.metrics)


def test_the_metrics_are_those_that_a_run_records(recorded: set[str]) -> None:
    shown = itertools.chain(*(re.findall(r"`([^`]+)`", cells[0]) for cells in rows(section("What a run records"))))
    patterns = [name for name in shown if "/" in name or name == "best_epoch"]
    parts = {"SPLIT": "(valid|test)", "GROUP": f"({'|'.join(GROUPS)})", "_K": r"_(1|5|10|20|50)"}
    found: dict[str, set[str]] = {}
    for pattern in patterns:
        expression = pattern
        for word, alternatives in parts.items():
            expression = expression.replace(word, alternatives)
        found[pattern] = {name for name in recorded if re.fullmatch(expression, name)}
    assert [pattern for pattern, names in found.items() if not names] == []
    assert recorded - set().union(*found.values()) == set()


def test_the_columns_of_the_ranks_are_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "ranks.parquet"
    write_ranks(ranks_of(1, 2), file)
    schema: pa.Schema = pq.read_schema(file)
    types = {"double": "float64"}
    written = {field.name: types.get(str(field.type), str(field.type)) for field in schema}
    listed = {
        cells[0].strip("`"): cells[1] for cells in rows(section("What a run records")) if cells[1] in written.values()
    }
    assert listed == written
    for cohort in BALANCED_COHORTS:
        assert f"{cohort.value} {cohort.label}" in section("What a run records")


def anchors(page: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_and_files_that_a_page_names_exist(path: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", PAGES[path]):
        file, _, anchor = link.partition("#")
        other = (path.parent / file).resolve() if file else path
        assert link.startswith("https://") or other.exists(), link
        assert not anchor or link.startswith("https://") or anchor in anchors(PAGES[other]), link
    files = re.findall(r"`((?:nsbench|configs|tests|docker)/[\w/.-]*)`", PAGES[path])
    assert [name for name in files if not (ROOT / name).exists()] == []
