"""CUDA graphs of a pretended GPU (`tests.pretend_gpu`): a step's calls, recorded without being made, and made again as recorded.

What is frozen in a graph is frozen here: numbers of the host, shapes, and which memory each call reads and writes. What CUDA
refuses while it records is refused: waits, and streams of randomness that the graph doesn't know. So is reading memory of the
host, which CUDA allows, but which may long be another's when the graph is repeated.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch


@dataclass(frozen=True)
class Call:
    """An operation and its arguments, in memory of the CPU."""

    func: Any
    args: Any
    kwargs: dict[str, Any]

    def made(self) -> Any:
        return self.func(*self.args, **self.kwargs)

    @property
    def written(self) -> Iterator[torch.Tensor]:
        """The tensors that it writes to."""
        for number, argument in enumerate(self.func._schema.arguments):
            if argument.alias_info is not None and argument.alias_info.is_write:
                given = self.args[number] if number < len(self.args) else self.kwargs.get(argument.name)
                yield from (leaf for leaf in leaves([given]) if isinstance(leaf, torch.Tensor))


class Recording:
    """The calls of a graph while it is recorded: they are not made, so all memory and all streams are afterwards as before.

    What they give has to have a shape, so they are made for that, and undone.
    """

    def __init__(self, generators: list[torch.Generator]) -> None:
        self.calls: list[tuple[Call, Any]] = []
        self._generators = generators
        self._streams = [generator.get_state() for generator in generators]
        self._before: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def made(self, call: Call, tensors: list[torch.Tensor]) -> Any:
        if any(tensor.dim() > 0 and tensor.device.type == "cpu" for tensor in tensors):
            raise RuntimeError(
                f"{call.func} reads memory of the host, which may be another's when the graph is repeated"
            )
        generator = call.kwargs.get("generator")
        if generator is not None and all(generator._cdata != known._cdata for known in self._generators):
            raise RuntimeError(f"{call.func} draws from a stream that the graph doesn't know")
        for tensor in call.written:
            whole = _memory(tensor)
            self._before.setdefault(whole.data_ptr(), (whole, whole.clone()))
        found = call.made()
        self.calls.append((call, found))
        return found

    def undo(self) -> None:
        for whole, before in self._before.values():
            whole.copy_(before)
        for generator, state in zip(self._generators, self._streams, strict=True):
            generator.set_state(state)


class Device(Protocol):
    """What a pretended device is given to do: how often each operation, and the graph that is being recorded."""

    calls: Counter[str]
    recording: "Recording | None"


class Graph:
    """What CUDA's graphs do: makes the recorded calls again, with the recorded numbers and in the recorded memory."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._generators: list[torch.Generator] = []
        self._calls: list[tuple[Call, Any]] = []

    def register_generator_state(self, generator: torch.Generator) -> None:
        self._generators.append(generator)

    @contextmanager
    def recorded(self) -> Iterator[None]:
        recording = self._device.recording = Recording(self._generators)
        try:
            yield
        finally:
            self._device.recording = None
            recording.undo()
        self._calls = recording.calls

    def replay(self) -> None:
        self._device.calls["graph"] += 1
        # The seed and the place of each stream are written where the graph reads them.
        self._device.calls["streams"] += 2 * len(self._generators)
        with torch.inference_mode(False), torch.no_grad(), torch._C._DisableTorchDispatch():
            for call, on_gpu in self._calls:
                for old, new in zip(leaves([on_gpu]), leaves([call.made()]), strict=True):
                    if isinstance(old, torch.Tensor) and _memory(old).data_ptr() != _memory(new).data_ptr():
                        old.copy_(new)


def _memory(tensor: torch.Tensor) -> torch.Tensor:
    """All bytes of the memory that a tensor lies in."""
    return torch.empty(0, dtype=torch.uint8).set_(tensor.untyped_storage())


def leaves(value: Any) -> Iterator[Any]:
    """What an operation's argument holds; torch's own trees are several times as slow."""
    if isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part)
    else:
        yield value
