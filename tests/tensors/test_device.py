"""The device's memory: errors of one that is used up are told from others, and what is freed is kept."""

import platform
import resource

import pytest
import torch

from nsbench.tensors.device import is_out_of_memory, keep_freed_memory, tf32_products


def test_the_hosts_refusal_of_memory_is_out_of_memory() -> None:
    """A million billion floats are four million gigabytes."""
    with pytest.raises(RuntimeError) as caught:
        torch.empty(10**15)
    assert is_out_of_memory(caught.value)


def test_a_cards_and_pythons_are_too_and_others_are_not() -> None:
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3.00 GiB"))
    assert is_out_of_memory(RuntimeError("CUDA error: out of memory"))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("shapes don't match"))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is told")
def test_freed_memory_is_not_asked_for_again() -> None:
    """48 MiB are 12,288 pages: allocated 20 times anew, 245,760 faults; kept, those of a heap that still grows once or twice.

    Up to 32 MiB the library may keep by itself what was freed before.
    """
    keep_freed_memory()
    for _ in range(10):
        torch.ones(12 * 2**20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(12 * 2**20)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 4 * 12_288


def test_a_gpus_products_are_tf32_for_as_long_as_asked_and_a_cpus_never() -> None:
    """A CPU build of torch keeps the setting too, which no CPU product reads."""
    products = torch.backends.cuda.matmul
    before = products.fp32_precision
    with tf32_products(torch.device("cpu")):
        assert products.fp32_precision == before
    with tf32_products(torch.device("cuda")):
        assert products.fp32_precision == "tf32"
    assert products.fp32_precision == before
