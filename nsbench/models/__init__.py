"""Backbones: what turns a history into a state, from which the next item is scored. One backbone per file or folder.

| name | is | source |
|---|---|---|
| sasrec | causal self-attention | Kang and McAuley, ICDM 2018 |
| esasrec | causal self-attention in gated blocks | arXiv 2508.06450 |
| gru4rec | gated recurrent units | Hidasi et al., ICLR 2016 |

A new backbone is one file in this folder and one line below: the command line, YAML schema, MLflow, report and contract tests
find it by themselves. A backbone never sees targets, negatives or a loss.
"""

from nsbench.models.backbone import BackboneSettings
from nsbench.models.esasrec import EsasrecSettings
from nsbench.models.gru4rec import Gru4recSettings
from nsbench.models.sasrec.definition import SasrecSettings

__all__ = ["DEFAULT_MODEL", "MODELS", "BackboneSettings"]

DEFAULT_MODEL = "sasrec"
"""The backbone of a method that names none."""

MODELS: dict[str, type[BackboneSettings]] = {
    settings.name: settings for settings in (SasrecSettings, EsasrecSettings, Gru4recSettings)
}
"""Every backbone's settings by its name, in the order of tables and figures."""
