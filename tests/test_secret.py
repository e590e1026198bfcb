"""Passwords in addresses, as hostile as they can be, are never shown; what is none, is."""

import pytest

from nsbench.secret import masked, without_secrets

HOSTILE = (
    "hush", "p#w", "p/w", "p[w", "p]w", "p?w", "p@w", "p:w", "p&w=1", "p w", "p%23w", "%", "a", "://", "\\", "'\"",
    "p\x1b[31mw", "ü", "@", "#/?[]@:", "p;w", "=", "***", "p#w@x/y?z",
)  # fmt: skip


@pytest.mark.parametrize("scheme", ["http", "https", "postgresql", "postgresql+psycopg", "mysql+pymysql"])
@pytest.mark.parametrize("password", HOSTILE)
def test_no_part_of_a_password_is_shown(scheme: str, password: str) -> None:
    """The word `HUSHED` before and behind each mark stands for the parts that a parser could take for something else."""
    secret = f"HUSHED{password}HUSHED"
    for uri in (
        f"{scheme}://me:{secret}@db.example.org:5432/runs",
        f"{scheme}://{secret.replace(':', '')}@db.example.org",
        f"{scheme}://db.example.org/runs?password={secret}",
        f"{scheme}://db.example.org/runs?sslmode=require&PassWord={secret}&x=y",
        f"{scheme}://db.example.org/runs?api_key={secret}",
        f"{scheme}://db.example.org/runs?{secret}",
        f"{scheme}://me:{secret.replace('@', '')}",
        f"me:{secret}@db.example.org/runs",
    ):
        assert "HUSHED" not in without_secrets(uri), uri


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("http://[::1]:5000/mlflow", "http://[::1]:5000/mlflow"),
        ("http://me:hush@[::1]:5000", "http://me:***@[::1]:5000"),
        ("sqlite:////home/me@work/a#b/mlflow.db?timeout=5", "sqlite:////home/me@work/a#b/mlflow.db?timeout=5"),
        ("sqlite+pysqlcipher:///runs.db?password=hush", "sqlite+pysqlcipher:///runs.db?password=***"),
        ("postgresql://host:5432/runs?sslmode=require&user=me", "postgresql://host:5432/runs?sslmode=require&user=me"),
        ("postgresql://me:p@ss@host/runs", "postgresql://me:***@host/runs"),
        ("databricks", "databricks"),
        ("./mlruns", "./mlruns"),
        ("", ""),
    ],
)
def test_what_is_no_secret_is_shown(uri: str, shown: str) -> None:
    assert without_secrets(uri) == shown


def test_a_library_that_quotes_the_address_or_a_part_of_it_gives_nothing_away() -> None:
    uri = "http://me:p%23w/x[y@host:5000"
    for said in (
        f"no connection to {uri}",
        "Port could not be cast to integer value as 'p%23w'",
        "no such host: x[y",
        "decoded p#w/x[y",
        "encoded p%2523w%2Fx%5By",
    ):
        assert not any(part in masked(said, uri) for part in ("p%23w", "x[y", "p#w", "p%2523w", "x%5By")), said


def test_secrets_of_the_environment_are_masked_in_every_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSBENCH_STUDY_STORAGE", "postgresql://me:hushhush@host/studies")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "tokentoken")
    assert masked("hushhush and tokentoken failed at host") == "*** and *** failed at host"


def test_a_short_password_is_masked_where_it_stands_alone() -> None:
    """Masking every `a` would leave no message."""
    assert masked("password 'a' failed as always", "http://me:a@host") == "password '***' failed as always"
