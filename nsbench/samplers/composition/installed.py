"""Samplers that other installed packages bring, by the entry point `nsbench.samplers`.

In such a package's pyproject.toml:

    [project.entry-points."nsbench.samplers"]
    mine = "my_package.my_sampler:MySettings"
"""

from collections.abc import Collection, Iterable
from importlib.metadata import EntryPoint, entry_points

from nsbench.errors import SettingsError
from nsbench.samplers.sampler import SamplerSettings
from nsbench.terms import METHOD_JOINT

GROUP = "nsbench.samplers"


def installed_samplers(
    known: Collection[str], entries: Iterable[EntryPoint] | None = None
) -> dict[str, type[SamplerSettings]]:
    """The settings classes by the samplers' names, in the names' order.

    Args:
        known: Names that are taken.
        entries: Where they are; None: what is installed.

    Raises:
        SettingsError: A class can't be loaded, is none of a sampler's settings, or says no number of negatives; or its name is
            taken.
    """
    found: dict[str, type[SamplerSettings]] = {}
    for entry in entry_points(group=GROUP) if entries is None else entries:
        settings = _loaded(entry)
        if settings.name in known or settings.name in found:
            raise SettingsError(
                f"{_what(entry)} is called {settings.name!r}, as another sampler is; give it another name, or uninstall it"
            )
        if METHOD_JOINT in settings.name:
            raise SettingsError(
                f"{_what(entry)} is called {settings.name!r}, and a {METHOD_JOINT} joins the parts of a method's name; give it a "
                "name without one"
            )
        found[settings.name] = settings
    return dict(sorted(found.items()))


def _loaded(entry: EntryPoint) -> type[SamplerSettings]:
    try:
        settings = entry.load()
    except Exception as error:
        raise SettingsError(
            f"{_what(entry)} can't be loaded ({type(error).__name__}: {error}); mend or uninstall that package"
        ) from error
    if not (isinstance(settings, type) and issubclass(settings, SamplerSettings)):
        raise SettingsError(
            f"{_what(entry)} is no class of settings: it must derive from nsbench.samplers.SamplerSettings"
        )
    if not settings.count_fields().proposed:
        # Plans, memory and the report go by their number, and would take it for none.
        raise SettingsError(
            f"{_what(entry)} marks no field as the number of negatives that it proposes: annotate it with "
            "nsbench.negative_count.Proposed(), as nsbench.samplers.sampler.NegativeCount is"
        )
    return settings


def _what(entry: EntryPoint) -> str:
    package = f" of the package {entry.dist.name}" if entry.dist is not None else ""
    return f"the sampler {entry.value}{package} (entry point {GROUP}, {entry.name})"
