"""Losses: functions of the scores of positives and negatives, with their gradient. One loss per file.

| name | is | source |
|---|---|---|
| bce | binary cross-entropy | the paper, equations 3 and 4 |
| gbce | the same, the positive weighing less | Petrov and Macdonald, RecSys 2023 |
| softmax | cross-entropy among the positive and its negatives, with or without logQ correction | Yi et al., RecSys 2019 |
| bpr | pairs of the positive with each negative | Rendle et al., UAI 2009 |
| bpr-max | the same, the highest negatives counting most | Hidasi and Karatzoglou, CIKM 2018 |

A new loss is one file in this folder and one line below: the command line, YAML schema, search space, MLflow, report and
contract tests find it by themselves. A loss never sees item vectors, batches or samplers.
"""

from nsbench.losses.binary_cross_entropy import BceSettings
from nsbench.losses.bpr import BprSettings
from nsbench.losses.bpr_max import BprMaxSettings
from nsbench.losses.gbce import GbceSettings
from nsbench.losses.loss import LossSettings
from nsbench.losses.softmax import SoftmaxSettings

__all__ = ["DEFAULT_LOSS", "LOSSES", "LossSettings"]

DEFAULT_LOSS = "bce"
"""The loss of a method that names none."""

LOSSES: dict[str, type[LossSettings]] = {
    settings.name: settings for settings in (BceSettings, GbceSettings, SoftmaxSettings, BprSettings, BprMaxSettings)
}
"""Every loss's settings by its name, in the order of tables and figures."""
