"""Programs as torch.export's archives: a graph in JSON and raw weights, without the example that torch would pickle beside."""

from pathlib import Path

import torch
from torch.export import ExportedProgram

from nsbench.trained.export.program import Program


def exported(program: Program) -> ExportedProgram:
    """The program as a graph, for any number of histories."""
    with torch.inference_mode(mode=False), torch.no_grad():
        return torch.export.export(program.module.eval(), program.example, dynamic_shapes=program.dynamic)


def write_torch_program(program: Program, path: Path) -> None:
    """Writes an archive that `torch.export.load` reads."""
    graph = exported(program)
    graph._example_inputs = None  # Else the archive holds a pickle of them.
    torch.export.save(graph, path)
