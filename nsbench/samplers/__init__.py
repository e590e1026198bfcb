"""Negative samplers as an algebra: atoms propose items, combinators join or select among other samplers.

| name | is |
|---|---|
| random | uniform draws |
| popularity, inverse-popularity | draws by popularity ** gamma |
| batch | other positives of the batch |
| mixed | batch and random joined |
| adaptive, adaptive-batch | the hardest of random, of batch |
| adaptive-mixed | the hardest of mixed |
| cohort | by the cohort of the positive |
| adaptive-cohort | by cohort, fewer from cohorts whose positives have a high loss |
| cross-batch | positives of the last batches |
| ahns | of random, those whose scores the positive's asks for |
| bir | of batch, drawn again by the model's scores |
| xir | of batch and of what was drawn again often, drawn again |
| explicit | what the user skipped or disliked |
| catalogue | every item: no sampling |

What the paper calls a sampler and its traits there (table 1) stand in the sampler's own file, with its name and label.

A new sampler is one file in this folder and two lines below, its import and its place in SAMPLERS: the command line, YAML schema,
search space, MLflow names, report labels and contract tests find it by themselves. A package of its own brings one by the entry
point `nsbench.samplers`.
"""

from nsbench.samplers.adaptive import AdaptiveBatchSettings, AdaptiveMixedSettings, AdaptiveSettings
from nsbench.samplers.adaptive_cohort import AdaptiveCohortSettings
from nsbench.samplers.ahns import AhnsSettings
from nsbench.samplers.batch import BatchSettings
from nsbench.samplers.bir import BirSettings
from nsbench.samplers.catalogue import CatalogueSettings
from nsbench.samplers.cohort import CohortSettings
from nsbench.samplers.composition.installed import installed_samplers
from nsbench.samplers.cross_batch import CrossBatchSettings
from nsbench.samplers.explicit import ExplicitSettings
from nsbench.samplers.mixed import MixedSettings
from nsbench.samplers.popularity import InversePopularitySettings, PopularitySettings
from nsbench.samplers.random import RandomSettings
from nsbench.samplers.sampler import SamplerSettings
from nsbench.samplers.xir import XirSettings

__all__ = ["SAMPLERS", "SamplerSettings"]

SAMPLERS: dict[str, type[SamplerSettings]] = {
    settings.name: settings
    for settings in (
        RandomSettings,
        PopularitySettings,
        InversePopularitySettings,
        BatchSettings,
        MixedSettings,
        AdaptiveSettings,
        AdaptiveBatchSettings,
        AdaptiveMixedSettings,
        CohortSettings,
        AdaptiveCohortSettings,
        CrossBatchSettings,
        AhnsSettings,
        BirSettings,
        XirSettings,
        ExplicitSettings,
        CatalogueSettings,
    )
}
"""Every sampler's settings by its name, in the order of tables and figures; those of other packages come last."""

SAMPLERS |= installed_samplers(SAMPLERS)
