"""An MLflow server over a store, in a thread of the test's own process: real HTTP, without waiting for processes to start."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from unittest.mock import patch

from mlflow.server import app, handlers
from mlflow.server.constants import (
    ARTIFACT_ROOT_ENV_VAR,
    ARTIFACTS_DESTINATION_ENV_VAR,
    BACKEND_STORE_URI_ENV_VAR,
    SERVE_ARTIFACTS_ENV_VAR,
)
from mlflow.tracking._model_registry import utils as registry_utils
from mlflow.tracking._tracking_service import utils as tracking_utils
from werkzeug.serving import make_server

from nsbench.files.home import Home


@contextmanager
def served(home: Home) -> Iterator[str]:
    """Serves the home's store and keeps artifacts under it; gives the server's address."""
    settings = {
        BACKEND_STORE_URI_ENV_VAR: f"sqlite:///{home.root / 'mlflow.db'}",
        ARTIFACT_ROOT_ENV_VAR: "mlflow-artifacts:/",
        ARTIFACTS_DESTINATION_ENV_VAR: str(home.artifacts),
        SERVE_ARTIFACTS_ENV_VAR: "true",
    }
    # MLflow keeps the store and the artifacts' place of its first request for the life of the process.
    with (
        patch.dict(os.environ, settings),
        patch.multiple(handlers, _tracking_store=None, _artifact_repo=None, _model_registry_store=None),
        patch.object(tracking_utils, "_tracking_uri", None),
        patch.object(registry_utils, "_registry_uri", None),
    ):
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
