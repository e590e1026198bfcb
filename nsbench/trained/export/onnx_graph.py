"""Programs as ONNX files, which onnxruntime and others run; the packages that write them are an extra of nsbench.

What was written is run and compared with the model before it is handed over: onnxscript before 0.7.1 writes graphs of recurrent
models that load, run and give other lists.
"""

import logging
import warnings
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import torch

from nsbench.errors import SettingsError
from nsbench.trained.export.program import Program
from nsbench.trained.export.torch_program import exported

NEEDED = ("onnx", "onnxscript", "onnxruntime")

_MOST_BYTES = 1 << 30
"""Of the parameters that an ONNX file holds itself; a file has 2 GiB at most, and larger ones lie beside it."""


def check_onnx_packages() -> None:
    """Checks that ONNX can be written.

    Raises:
        SettingsError: A package is missing.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"ONNX is written by packages that are not installed: {', '.join(missing)}; install them with pip install "
            "'nsbench[export]' (from the clone: '.[export]'), or choose torch-export, pyfunc or vectors"
        )


def write_onnx_graph(program: Program, path: Path) -> None:
    """Writes an ONNX file, for any number of histories; parameters of more than a GiB into a file beside it.

    Raises:
        SettingsError: A package is missing, or wrote a graph that gives other results than the model.
    """
    check_onnx_packages()
    n_bytes = sum(tensor.nbytes for tensor in program.module.state_dict().values())
    # The exporter says a lot that only its authors can do something about.
    level = logging.getLogger("torch.onnx").level
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                exported(program),
                program.example,
                path,
                dynamo=True,
                verbose=False,
                input_names=program.inputs,
                output_names=program.outputs,
                external_data=n_bytes > _MOST_BYTES,
            )
    finally:
        logging.getLogger("torch.onnx").setLevel(level)
    _check_results(program, path)


@torch.inference_mode()
def _check_results(program: Program, path: Path) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = program.probe()
    found = session.run(None, dict(zip(program.inputs, (one.numpy() for one in given), strict=True)))
    # The scores, which come last: of equal ones the items may come in another order.
    wanted = program.module(*given)[-1]
    if not torch.allclose(torch.from_numpy(found[-1]), wanted, rtol=1e-3, atol=1e-4):
        versions = ", ".join(f"{name} {version(name)}" for name in NEEDED)
        raise SettingsError(
            f"the ONNX file that {versions} wrote gives other scores than the model, so it is not kept; install newer ones with "
            "pip install --upgrade 'nsbench[export]', or choose torch-export, pyfunc or vectors"
        )
