"""Calls to an MLflow server's REST API, with the credentials that MLflow would use, and without importing MLflow.

MLflow takes longer to import than a report that has nothing new to read takes to write.
"""

import configparser
import json
import os
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from threading import local
from typing import Literal, final

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from nsbench.errors import TrackingError
from nsbench.secret import masked
from nsbench.tracking.store_uri import STORE_ADVICE, check_server, without_password

_TIMEOUT_S = 120.0
# 500 too: every call only reads, and a server that has just started fails requests that come side by side while it is
# still importing one of its modules.
_RETRIES = Retry(
    total=3, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=None, raise_on_status=False
)
_KEPT_OF_A_MESSAGE = 300

_ONLY_MLFLOW_KNOWS = ("MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4", "MLFLOW_WORKSPACE")
"""Ways to sign in that MLflow's plugins and extra packages know, and nobody else."""


@final
class ServerCall:
    """A server to call; may be used by several threads at once.

    Args:
        uri: Its address.

    Raises:
        TrackingError: Nobody listens there.
    """

    def __init__(self, uri: str) -> None:
        check_server(uri)
        self._uri = uri.rstrip("/")
        self._local = local()

    def get(self, endpoint: str, query: Mapping[str, str | list[str]]) -> bytes:
        """What the server gives at an endpoint.

        Raises:
            TrackingError: It refuses, or doesn't answer.
        """
        return self._answer("GET", endpoint, query=query)

    def post(self, endpoint: str, body: Mapping[str, object]) -> bytes:
        """What the server answers to a question as JSON.

        Raises:
            TrackingError: It refuses, or doesn't answer.
        """
        return self._answer("POST", endpoint, body=dict(body))

    def _answer(
        self,
        method: Literal["GET", "POST"],
        endpoint: str,
        query: Mapping[str, str | list[str]] | None = None,
        body: dict[str, object] | None = None,
    ) -> bytes:
        try:
            if any(os.environ.get(name) for name in _ONLY_MLFLOW_KNOWS):
                response = _through_mlflow(self._uri, method, endpoint, query, body)
            else:
                url = f"{self._uri}{endpoint}"
                data = None if body is None else json.dumps(body)
                response = self._session().request(method, url, params=query, data=data, timeout=_TIMEOUT_S)
        except requests.RequestException as error:
            raise self._failed(str(error)) from error
        if response.status_code != HTTPStatus.OK:
            raise self._failed(f"{response.status_code} {response.reason}: {response.text[:_KEPT_OF_A_MESSAGE]}")
        return response.content

    def _failed(self, reason: str) -> TrackingError:
        return TrackingError(
            f"the MLflow store {without_password(self._uri)} failed: {masked(reason, self._uri)}; {STORE_ADVICE}"
        )

    def _session(self) -> requests.Session:
        """One a thread: sessions keep connections open, and don't say that threads may share them."""
        if not hasattr(self._local, "session"):
            self._local.session = _new_session()
        session: requests.Session = self._local.session
        return session


def _new_session() -> requests.Session:
    session = requests.Session()
    session.headers["Content-Type"] = "application/json"
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=_RETRIES))
    user, password = _user_and_password()
    if user and password:
        session.auth = (user, password)
    elif token := os.environ.get("MLFLOW_TRACKING_TOKEN"):
        session.headers["Authorization"] = f"Bearer {token}"
    is_unverified = os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1")
    session.verify = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or not is_unverified
    session.cert = os.environ.get("MLFLOW_TRACKING_CLIENT_CERT_PATH")
    return session


def _user_and_password() -> tuple[str | None, str | None]:
    """From the environment, else from the file that MLflow keeps them in."""
    names = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
    file = configparser.ConfigParser(interpolation=None)
    file.read(Path.home() / ".mlflow" / "credentials")
    user, password = (os.environ.get(name) or file.get("mlflow", name.lower(), fallback=None) for name in names)
    return user, password


def _through_mlflow(
    uri: str, method: str, endpoint: str, query: Mapping[str, str | list[str]] | None, body: dict[str, object] | None
) -> requests.Response:
    from mlflow.exceptions import MlflowException
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    try:
        credentials = get_default_host_creds(uri)  # type: ignore[no-untyped-call]
        response: requests.Response = http_request(credentials, endpoint, method, params=query, json=body)  # type: ignore[no-untyped-call]
    except MlflowException as error:
        raise requests.RequestException(str(error)) from error
    return response
