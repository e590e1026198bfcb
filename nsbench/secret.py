"""What of an address may be shown: addresses of stores hold passwords, and libraries quote addresses in what they raise.

An address is cut at its own marks, never searched for what looks like a password. Where a mark could also belong to a
password, as `?` before an `@`, less is shown.
"""

import os
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK = "***"

_ADDRESSES = ("MLFLOW_TRACKING_URI", "NSBENCH_STUDY_STORAGE", "MLFLOW_REGISTRY_URI")
_SECRETS = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "PGPASSWORD", "MYSQL_PWD")

_HARMLESS = frozenset(
    {
        "application_name",
        "charset",
        "check_same_thread",
        "connect_timeout",
        "dbname",
        "host",
        "hostaddr",
        "mode",
        "port",
    }
    | {"sslmode", "target_session_attrs", "timeout", "uri", "user"}
)
"""What a query may say openly. From the first other key on, nothing is shown: a password may hold any of its marks."""

_NAMES = frozenset({"password", "passwd", "pwd", "token", "access_token", "api_key", "apikey", "secret", "sslpassword"})
"""What a query may call a secret; such a name is no secret itself."""

_MARKS = "#/?[]@:&=;,%+ "
_SHORT = 4
"""A shorter part of a password is hidden only where it stands alone: else a text would lose every `a`."""


def without_secrets(uri: str) -> str:
    """The address as it may be shown.

    >>> without_secrets("postgresql://me:p#w/[x@host/runs?sslmode=require&password=hush&x=1")
    'postgresql://me:***@host/runs?sslmode=require&password=***'
    >>> without_secrets("http://token@host:5000")
    'http://***@host:5000'
    >>> without_secrets("postgresql://host/runs?password=p@ss")
    'postgresql://***'
    """
    shown = "".join(text if is_shown else MASK for text, is_shown in _parts(uri))
    return shown.replace(MASK + MASK, MASK)


def masked(text: str, *uris: str) -> str:
    """A text without the secrets of the given addresses and of this process's environment, in whatever form they stand.

    Args:
        text: Such as what a database's driver said.
        uris: Addresses that it may quote, whole or in parts.
    """
    known = [*uris, *(os.environ.get(name, "") for name in _ADDRESSES)]
    for uri in filter(None, known):
        text = text.replace(uri, without_secrets(uri))
    hidden = [part for uri in known for part, is_shown in _parts(uri) if not is_shown]
    hidden += [os.environ.get(name, "") for name in _SECRETS]
    for secret in sorted(set(_forms(hidden)), key=len, reverse=True):
        text = _without(text, secret)
    return text


def _parts(uri: str) -> Iterator[tuple[str, bool]]:
    """The address in pieces, and whether each may be shown."""
    scheme, mark, rest = uri.partition("://")
    if not mark or ":" in scheme:
        # A folder, or an address that was mistyped.
        yield uri, not mark and not any(sign in uri for sign in "@=")
        return
    yield scheme + mark, True
    if scheme.partition("+")[0] == "sqlite" and rest.startswith("/"):
        path, mark, query = rest.partition("?")
        yield path, True
        yield from _query_parts(mark, query)
        return
    before, mark, query = rest.partition("?")
    if "@" in query:
        yield rest, False
        return
    login, at, place = before.rpartition("@")
    if at:
        user, colon, password = login.partition(":")
        if colon:
            yield user + colon, True
        yield password if colon else user, False
        yield at, True
    yield from _place_parts(place)
    yield from _query_parts(mark, query)


def _place_parts(place: str) -> Iterator[tuple[str, bool]]:
    """Host, port and path; what stands where a port should and is none may be a password whose `@` was left out."""
    end = min((place.index(sign) for sign in "/#" if sign in place), default=len(place))
    numbered = place.find("]") + 1 if place.startswith("[") else 0
    colon = place.find(":", numbered, end) + 1
    if colon and not place[colon:end].isdecimal():
        yield place[:colon], True
        yield place[colon:], False
    else:
        yield place, True


def _query_parts(mark: str, query: str) -> Iterator[tuple[str, bool]]:
    if not mark:
        return
    yield mark, True
    shown = True
    for number, item in enumerate(query.split("&")):
        key, equals, value = item.partition("=")
        if not shown:
            yield f"&{item}", False
            continue
        yield ("&" if number else ""), True
        name = unquote_plus(key).lower()
        shown = name in _HARMLESS and not any(sign in value for sign in ";#")
        # Another key may be a part of a secret, or one itself.
        yield key + equals, name in _HARMLESS or name in _NAMES
        yield value, shown


def _forms(secrets: Iterable[str]) -> Iterator[str]:
    """Secrets as a library may quote them: as they stand, decoded, encoded, escaped, and cut at an address's marks."""
    for secret in secrets:
        for form in {secret, unquote(secret), unquote_plus(secret)}:
            yield from filter(None, (form, quote(form, safe=""), quote_plus(form), quote(form), repr(form)[1:-1]))
            for mark in _MARKS:
                yield from filter(None, form.split(mark))
            yield from form.translate(dict.fromkeys(map(ord, _MARKS), " ")).split()


def _without(text: str, secret: str) -> str:
    if secret in MASK:
        return text
    if len(secret) >= _SHORT:
        return text.replace(secret, MASK)
    head, *tails = text.split(secret)
    for tail in tails:
        alone = not (head[-1:].isalnum() or tail[:1].isalnum())
        head += (MASK if alone else secret) + tail
    return head
