"""A device that is no CPU, on any machine: what a GPU is given to do is done by the CPU, under a GPU's rules.

Tensors on it can't meet tensors of the host, as CUDA forbids; every call that gives it something to do is counted, and every
one that makes the host wait for it. So the code that only a GPU runs is tested where there is none: that it computes what
the CPU's does, that it never waits where it must not, and how much it starts.

What this can't show: how long anything takes, and where CUDA's own kernels round, refuse or fail otherwise than the CPU's. So the
same tests run on a card where there is one: `make test-gpu`, which sets NSBENCH_TEST_DEVICE=cuda; CUDA itself then says where
the host waits, and nothing is counted.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from tests.pretend_graph import Call, Graph, Recording, leaves

PRETEND_GPU = torch.device(os.environ.get("NSBENCH_TEST_DEVICE", "meta"))
"""A name that torch takes for a device everywhere, nothing of what torch itself does with it remaining; or a real one."""

_HOST = torch.device("cpu")

IS_PRETENDED = PRETEND_GPU.type == "meta"

only_pretended = pytest.mark.skipif(not IS_PRETENDED, reason="counts what a pretended GPU is given to do")

WAITS = {
    "aten::_local_scalar_dense",
    "aten::nonzero",
    "aten::_unique2",
    "aten::unique_consecutive",
    "aten::masked_select",
    "aten::bincount",
    "aten::equal",
}
"""Operations that give the host a number, or need one to know the shape of what they give."""

COPIES = {"aten::_to_copy", "aten::copy_"}
"""Operations that may take a tensor from one device to another; the host waits unless they are told that it needn't."""

INDEXED = {"aten::index", "aten::index_put_", "aten::index_put"}
"""Operations that do so where the index is a mask."""


@dataclass
class Started:
    """What the device was given to do.

    Attributes:
        calls: How often each operation was called that has something to do on the GPU, with one kernel or several; views haven't.
        waits: Each operation for whose result the host waited, in order.
        recording: What is being recorded; None: nothing, all is done at once.
    """

    calls: Counter[str] = field(default_factory=Counter)
    waits: list[str] = field(default_factory=list)
    recording: Recording | None = None

    def clear(self) -> None:
        self.calls.clear()
        self.waits.clear()

    @contextmanager
    def without_waiting(self) -> Iterator[None]:
        """Sees that the host doesn't wait for the device within."""
        self.clear()
        if IS_PRETENDED:
            yield
            assert self.waits == []
            return
        torch.cuda.set_sync_debug_mode("error")
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode("default")


class _OnGpu(torch.Tensor):
    """A tensor on the device; `on_host` holds its values."""

    on_host: torch.Tensor

    @staticmethod
    def __new__(cls, on_host: torch.Tensor) -> "_OnGpu":
        layout = {"strides": on_host.stride(), "storage_offset": on_host.storage_offset(), "dtype": on_host.dtype}
        on_gpu: _OnGpu = torch.Tensor._make_wrapper_subclass(cls, on_host.size(), device=PRETEND_GPU, **layout)  # type: ignore[attr-defined]
        on_gpu.on_host = on_host
        return on_gpu

    def tolist(self) -> Any:
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise AssertionError(f"{func} on a tensor of a pretended GPU outside `pretended_gpu`")


class _Device(TorchDispatchMode):
    """Does what the device is given, and counts it."""

    def __init__(self, started: Started) -> None:
        super().__init__()
        self._started = started

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        tensors = [leaf for leaf in leaves((*args, *kwargs.values())) if isinstance(leaf, torch.Tensor)]
        on_gpu = [tensor for tensor in tensors if isinstance(tensor, _OnGpu)]
        device = kwargs.get("device")
        if not on_gpu and device is None:  # The host alone.
            return func(*args, **kwargs)
        operation = _operation_of(func)
        goes_to_gpu = bool(on_gpu)
        if device is not None:
            goes_to_gpu = torch.device(device) == PRETEND_GPU
            kwargs = {**kwargs, "device": _HOST}
        if operation.name == "aten::copy_":
            goes_to_gpu = isinstance(args[0], _OnGpu)
        if not torch.is_inference_mode_enabled() and not torch.is_grad_enabled():
            return self._run(operation, args, kwargs, tensors, on_gpu, goes_to_gpu=goes_to_gpu)
        # Wrapped outside of inference mode: what is made within it can't have views of tensors from without.
        with torch.inference_mode(False), torch.no_grad():
            return self._run(operation, args, kwargs, tensors, on_gpu, goes_to_gpu=goes_to_gpu)

    def _run(
        self,
        operation: "_Operation",
        args: Any,
        kwargs: dict[str, Any],
        tensors: list[torch.Tensor],
        on_gpu: list[_OnGpu],
        *,
        goes_to_gpu: bool,
    ) -> Any:
        is_gpus = goes_to_gpu or bool(on_gpu)
        if is_gpus:
            self._check(operation, tensors)
            self._note_wait(operation, args, kwargs, goes_to_gpu=goes_to_gpu, comes_from_gpu=bool(on_gpu))
        call = Call(
            operation.func, _mapped(_values, args), {name: _mapped(_values, value) for name, value in kwargs.items()}
        )
        recording = self._started.recording
        found = call.made() if recording is None or not is_gpus else recording.made(call, tensors)
        if recording is None and is_gpus and not (operation.may_view and _is_view(found, on_gpu)):
            self._started.calls[operation.name] += 1
        if not goes_to_gpu:
            return found
        known = {id(tensor.on_host): tensor for tensor in on_gpu}
        return _mapped(lambda leaf: _wrapped(leaf, known), found)

    def _check(self, operation: "_Operation", tensors: list[torch.Tensor]) -> None:
        """A number of the host may meet tensors of the device; more may only be copied."""
        if operation.name in COPIES:
            return
        strangers = [tuple(t.shape) for t in tensors if not isinstance(t, _OnGpu) and t.dim() > 0]
        if strangers and len(strangers) < len(tensors):
            raise RuntimeError(f"{operation.func}: tensors {strangers} are on the CPU, the others on the device")

    def _note_wait(
        self, operation: "_Operation", args: Any, kwargs: dict[str, Any], *, goes_to_gpu: bool, comes_from_gpu: bool
    ) -> None:
        name = operation.name
        by_mask = name in INDEXED and any(leaf.dtype == torch.bool for leaf in args[1] if leaf is not None)
        crosses = goes_to_gpu != (isinstance(args[1], _OnGpu) if name == "aten::copy_" else comes_from_gpu)
        is_copy = name in COPIES and crosses and not kwargs.get("non_blocking")
        is_repeat = name == "aten::repeat_interleave" and kwargs.get("output_size") is None
        if name in WAITS or by_mask or is_copy or is_repeat:
            if self._started.recording is not None:
                raise RuntimeError(f"{name} makes the host wait, which it can't while a graph is recorded")
            self._started.waits.append(name)


@dataclass(frozen=True)
class _Operation:
    """An operation of torch; asking its schema takes as long as a small one itself.

    Attributes:
        func: What is called.
        name: Such as aten::copy_.
        may_view: Whether what it gives may be a view of what it is given.
    """

    func: Any
    name: str
    may_view: bool


@cache
def _operation_of(func: Any) -> _Operation:
    may_view = any(r.alias_info is not None and not r.alias_info.is_write for r in func._schema.returns)
    return _Operation(func, func._schema.name, may_view)


class _Factories(TorchFunctionMode):
    """`torch.tensor` makes its tensor where no dispatch mode sees it."""

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.tensor and torch.device(kwargs.get("device") or "cpu") == PRETEND_GPU:
            return torch.tensor(*args, **{**kwargs, "device": "cpu"}).to(PRETEND_GPU)
        return func(*args, **kwargs)


class _Generator(torch.Generator):
    """One of the CPU that says it is the device's."""

    def __new__(cls, device: torch.device | str = "cpu") -> "_Generator":
        generator = super().__new__(cls, "cpu")
        generator._place = torch.device(device)
        return generator

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return self._place


def _mapped(change: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_mapped(change, part) for part in value)
    return change(value)


def _is_view(found: Any, on_gpu: list[_OnGpu]) -> bool:
    """Whether an operation that may give a view (`reshape` may) has given one: memory is shared."""
    memory = {tensor.on_host.untyped_storage().data_ptr() for tensor in on_gpu}
    return all(leaf.untyped_storage().data_ptr() in memory for leaf in leaves(found))


def _values(leaf: Any) -> Any:
    return leaf.on_host if isinstance(leaf, _OnGpu) else leaf


def _wrapped(leaf: Any, known: dict[int, _OnGpu]) -> Any:
    """What was changed in place stays the tensor that it was."""
    if not isinstance(leaf, torch.Tensor):
        return leaf
    return known[id(leaf)] if id(leaf) in known else _OnGpu(leaf)


@contextmanager
def pretended_gpu() -> Iterator[Started]:
    """Lets PRETEND_GPU be used; gives what is started on it."""
    if not IS_PRETENDED:
        yield Started()
        return
    started = Started()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(torch, "Generator", _Generator)
        patched.setattr(torch.cuda, "CUDAGraph", lambda: Graph(started))
        patched.setattr(torch.cuda, "graph", lambda graph, stream: graph.recorded())
        patched.setattr(torch.cuda, "Stream", lambda device: None)
        patched.setattr(torch.cuda, "device", lambda device: nullcontext())
        patched.setattr(torch.cuda, "current_stream", lambda device: None)
        patched.setattr(torch.cuda, "set_stream", lambda stream: None)
        with _Factories(), _Device(started):
            yield started
