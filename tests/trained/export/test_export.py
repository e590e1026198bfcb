"""Every format gives what `nsbench recommend` gives, for every backbone, read back as its users read it."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
import torch

from nsbench.errors import SettingsError, StorageError
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.models import MODELS
from nsbench.models.transformer import TransformerSettings
from nsbench.trained.export import program, torch_program
from nsbench.trained.export.export import ExportFormat, export_model
from nsbench.trained.folder import TrainedModel
from nsbench.trained.recommender import Choice, Recommendations, Recommender, histories_of
from tests.trained.model_builder import model_of

WIDTH, N_ITEMS, N_TRAINED, TOP = 6, 40, 38, 7
Lists = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def model(backbone: str = "sasrec", seen_items: str = "exclude") -> TrainedModel:
    kind = MODELS[backbone]
    heads = {"n_heads": 2} if issubclass(kind, TransformerSettings) else {}
    size = kind.model_validate({"hidden_dim": 8, "max_length": WIDTH, **heads})
    return model_of(N_ITEMS, n_trained=N_TRAINED, seen_items=seen_items, size=size)  # type: ignore[arg-type]


def histories(n: int) -> list[np.ndarray]:
    """Of 1 to 12 items, so that some are longer than the model sees; items 39 and 40 were never trained."""
    generator = np.random.default_rng(n)
    return [generator.integers(1, N_ITEMS + 1, size=1 + row % 12).astype(np.int32) for row in range(n)]


def arguments(rows: list[np.ndarray], *, exclude: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What items.json says a graph is given: trained items, the last ones, oldest first, then 0; and what is left out."""
    items, lengths = np.zeros((len(rows), WIDTH), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    excluded = np.zeros((len(rows), 12), dtype=np.int64)
    for number, row in enumerate(rows):
        shown = [int(item) for item in row if item <= N_TRAINED][-WIDTH:]
        items[number, : len(shown)], lengths[number] = shown, len(shown)
        excluded[number, : len(row)] = row if exclude else 0
    return items, lengths, excluded


def of_torch(folder: Path) -> Lists:
    program = torch.export.load(folder / "model.pt2").module()
    return lambda *given: tuple(one.numpy() for one in program(*map(torch.from_numpy, given)))  # type: ignore[return-value]


def of_onnx(folder: Path) -> Lists:
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (nsbench[export])")
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_outputs()] == ["ids", "scores"]
    return lambda *given: session.run(None, dict(zip(("items", "lengths", "excluded"), given, strict=True)))


def recommended(trained: TrainedModel, rows: list[np.ndarray], top: int = TOP) -> Recommendations:
    return Recommender(trained, Choice(top)).recommend(histories_of(rows))


@pytest.mark.parametrize(("kind", "read"), [("torch-export", of_torch), ("onnx", of_onnx)])
@pytest.mark.parametrize("backbone", MODELS)
def test_a_graph_gives_the_lists_that_are_recommended(
    tmp_path: Path, backbone: str, kind: ExportFormat, read: Callable[[Path], Lists]
) -> None:
    """For one history, for more than the example had, and where the model is shown nothing of what is known."""
    if kind == "onnx":
        pytest.importorskip("onnxscript", reason="onnxscript is not installed (nsbench[export])")
    trained = model(backbone)
    export_model(trained, kind, tmp_path / "out", TOP)
    lists = read(tmp_path / "out")
    for rows in (histories(1), histories(30), [np.array([40], dtype=np.int32)]):
        wanted = recommended(trained, rows)
        ids, scores = lists(*arguments(rows, exclude=True))
        np.testing.assert_array_equal(ids, wanted.items)
        np.testing.assert_allclose(scores, wanted.scores, atol=1e-5)
    fields = json.loads((tmp_path / "out" / "items.json").read_text())
    assert (fields["max_length"], fields["n_shown"], fields["ids"][:2]) == (WIDTH, N_TRAINED, ["a1", "a2"])


@pytest.mark.parametrize("seen_items", ["exclude", "keep"])
def test_a_pyfunc_gives_the_lists_that_are_recommended(tmp_path: Path, seen_items: str) -> None:
    """Lists and texts of ids, unknown ids among them; the last history is longer than the model sees."""
    trained = model(seen_items=seen_items)
    export_model(trained, "pyfunc", tmp_path / "out", 20)
    served = mlflow.pyfunc.load_model(str(tmp_path / "out"))
    rows = histories(300)
    names = [[f"a{item}" for item in row] for row in rows]
    asked = [",".join(["zzz", *own]) if place % 2 else own for place, own in enumerate(names)]
    found = served.predict(pd.DataFrame({"items": asked}), params={"top": TOP})
    wanted = recommended(trained, rows)
    assert found["items"].tolist() == [[f"a{item}" for item in row if item] for row in wanted.items]
    np.testing.assert_allclose(np.stack(found["scores"]), wanted.scores, atol=1e-5)
    assert not found["fallback"].any()
    popular = served.predict(pd.DataFrame({"items": ["", "zzz"]}), params={"top": 2})
    assert popular["items"].tolist() == [["a1", "a2"]] * 2
    assert popular["fallback"].all()


def test_a_pyfunc_refuses_what_is_no_history(tmp_path: Path) -> None:
    export_model(model(), "pyfunc", tmp_path / "out", TOP)
    served = mlflow.pyfunc.load_model(str(tmp_path / "out"))
    with pytest.raises(Exception, match="row 1: an id is missing"):
        served.predict(pd.DataFrame({"items": [["a1"], ["a1", float("nan")]]}))
    with pytest.raises(Exception, match="exported for lists of 1 to 7 items"):
        served.predict(pd.DataFrame({"items": ["a1"]}), params={"top": 8})
    with pytest.raises(Exception, match="give a list, or ids between commas without brackets"):
        served.predict(pd.DataFrame({"items": ["[a1, a2, a3]"]}))


def test_a_pyfunc_needs_four_packages_and_holds_no_pickle(tmp_path: Path) -> None:
    files = export_model(model(), "pyfunc", tmp_path / "out")
    needed = (tmp_path / "out" / "requirements.txt").read_text().split()
    assert [line.partition("==")[0] for line in needed] == ["mlflow", "numpy", "pandas", "torch"]
    assert not [path for path in files if path.suffix in (".pkl", ".pth", ".pt", ".bin")]
    (code,) = (tmp_path / "out").glob("*.py")
    assert "import nsbench" not in code.read_text()
    assert "from nsbench" not in code.read_text()
    archive = zipfile.ZipFile(tmp_path / "out" / "artifacts" / "model.pt2")
    assert not any(b"data.pkl" in archive.read(name) for name in archive.namelist())


def test_vectors_and_queries_give_the_scores(tmp_path: Path) -> None:
    """Their inner products are the scores, and the ids stand in the vectors' order."""
    trained = model(seen_items="keep")
    export_model(trained, "vectors", tmp_path / "out")
    vectors, ids = np.load(tmp_path / "out" / "item_vectors.npy"), np.load(tmp_path / "out" / "item_ids.npy")
    encoder = torch.export.load(tmp_path / "out" / "query_encoder.pt2").module()
    rows = [row[row <= N_TRAINED] for row in histories(20)]
    items, lengths, _ = arguments(rows, exclude=False)
    states = encoder(torch.from_numpy(items), torch.from_numpy(lengths)).numpy()
    np.testing.assert_allclose(states, ModelScorer(trained.model).encode(histories_of(rows)).numpy(), atol=1e-5)
    known = [row for row in range(20) if len(rows[row])]
    best = np.argsort(-(states @ vectors.T), axis=1)[:, :TOP]
    wanted = recommended(trained, rows)
    assert ids[best][known].tolist() == [[f"a{item}" for item in wanted.items[row]] for row in known]


def of_hnswlib(vectors: np.ndarray, states: np.ndarray) -> np.ndarray:
    hnswlib = pytest.importorskip("hnswlib", reason="hnswlib is not installed")
    index = hnswlib.Index(space="ip", dim=vectors.shape[1])
    index.init_index(max_elements=len(vectors), ef_construction=200, M=32)
    index.add_items(vectors, num_threads=1)
    index.set_ef(200)
    return index.knn_query(states, k=10, num_threads=1)[0]  # type: ignore[no-any-return]


def of_faiss(vectors: np.ndarray, states: np.ndarray) -> np.ndarray:
    faiss = pytest.importorskip("faiss", reason="faiss is not installed (faiss-cpu)")
    index = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction, index.hnsw.efSearch = 200, 200
    index.add(vectors)
    return index.search(states, 10)[1]  # type: ignore[no-any-return]


@pytest.mark.parametrize("nearest", [of_hnswlib, of_faiss])
def test_an_index_over_the_vectors_finds_what_exact_search_finds(
    tmp_path: Path, nearest: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> None:
    """The recall at 10 of an approximate index of the exact lists over 2,000 items is 95 % or more."""
    export_model(model_of(2000, seen_items="keep", size=model().model.settings), "vectors", tmp_path / "out")  # type: ignore[arg-type]
    vectors = np.load(tmp_path / "out" / "item_vectors.npy")
    encoder = torch.export.load(tmp_path / "out" / "query_encoder.pt2").module()
    items, lengths, _ = arguments(histories(100), exclude=False)
    states = encoder(torch.from_numpy(items), torch.from_numpy(lengths)).numpy()
    exact = np.argsort(-(states @ vectors.T), axis=1)[:, :10]
    found = nearest(vectors, states)
    recall = np.mean([len(set(own) & set(best)) / 10 for own, best in zip(found, exact, strict=True)])
    assert recall >= 0.95


def test_an_onnx_file_that_gives_other_scores_than_the_model_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("onnxscript", "onnxruntime"):
        pytest.importorskip(name, reason=f"{name} is not installed (nsbench[export])")
    right = program.top_items_program
    other = model_of(N_ITEMS, n_trained=N_TRAINED, size=model().model.settings, seed=1)  # type: ignore[arg-type]
    wrong = right(other.model, N_TRAINED, TOP, exclude_seen=True)
    monkeypatch.setattr("nsbench.trained.export.onnx_graph.exported", lambda _: torch_program.exported(wrong))
    with pytest.raises(SettingsError, match=r"onnxscript .* gives other scores than the model, so it is not kept"):
        export_model(model(), "onnx", tmp_path / "out", TOP)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(SettingsError, match="exists and is no empty folder"):
        export_model(model(), "vectors", tmp_path / "out")
    with pytest.raises(SettingsError, match="there is no format 'tflite'"):
        export_model(model(), "tflite", tmp_path / "new")  # type: ignore[arg-type]
    with pytest.raises(StorageError, match=r"mine\.txt is a file, not a folder; give another place"):
        export_model(model(), "vectors", tmp_path / "out" / "mine.txt" / "new")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "mine.txt"]


def test_a_missing_package_is_named_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nsbench.trained.export.onnx_graph.NEEDED", ("json", "no_such_package"))
    with pytest.raises(SettingsError, match=r"not installed: no_such_package; install them with pip install"):
        export_model(model(), "onnx", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
