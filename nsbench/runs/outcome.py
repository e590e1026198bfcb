"""How a run ends that has no result, in words: what its record says, and what its user reads."""

from collections.abc import Iterator
from contextlib import contextmanager

from nsbench.config import Settings
from nsbench.errors import NoNegatives, NonFiniteLoss, NsbenchError, OutOfMemory
from nsbench.runs.observer import Pruned
from nsbench.tensors.device import is_out_of_memory
from nsbench.tracking.tracker import EndStatus


def end_of(error: BaseException) -> tuple[EndStatus, str]:
    """How a run ends that was stopped by an error."""
    if isinstance(error, Pruned):
        return "KILLED", f"pruned: {error}"
    if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
        return "KILLED", "interrupted"
    if isinstance(error, NsbenchError):
        return "FAILED", str(error)
    return "FAILED", f"{type(error).__name__}: {error}"


def explained(error: Exception, settings: Settings, n_candidates: int) -> Exception:
    """The error, with the settings under which a loss became NaN or infinite, or why there were no negatives.

    Args:
        error: What ended the run.
        settings: Its settings.
        n_candidates: Items that may be recommended.
    """
    match error:
        case NonFiniteLoss():
            return NonFiniteLoss(f"{error}; the settings: {_as_text(settings)}")
        case NoNegatives():
            return NoNegatives(f"{error}: {shortage_of(settings, n_candidates)}; the settings: {_as_text(settings)}")
    return error


def shortage_of(settings: Settings, n_candidates: int) -> str:
    """Why positions have no negative, and what to do."""
    sampler = settings.sampler
    return f"{sampler.explain_shortage(settings.training.batch_size)} (sampler {sampler.name}, {n_candidates:,} items)"


@contextmanager
def explain_out_of_memory(settings: Settings) -> Iterator[None]:
    """Names the settings in the error where memory runs out.

    Raises:
        OutOfMemory: It was.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        reason = str(error).strip().partition("\n")[0]
        raise OutOfMemory(
            f"out of memory{f' ({reason})' if reason else ''}; a smaller batch_size or fewer negatives take less; the "
            f"settings: {_as_text(settings)}"
        ) from error


def _as_text(settings: Settings) -> str:
    """The settings that are not the sampler's defaults, and those that decide about step size and memory."""
    defaults = Settings.of(settings.method.name).flat()
    shown = {"sampler", "loss", "model", "learning_rate", "batch_size"}
    fields = {name: value for name, value in settings.flat().items() if name in shown or value != defaults[name]}
    return ", ".join(f"{name}={value}" for name, value in fields.items())
