"""The metrics of an evaluation, in numpy only, so that the report computes any of them without torch.

A metric of targets is an array as long as the ranks; its mean over a group of targets is what tables show. Every
target is one relevant item. Where its score is that of others, a metric is its mean over all orders of the tied items: the
metric of their mean rank would be all or nothing. A new metric is a file with a `RankMetric`, and a line in METRICS.
"""

from collections.abc import Mapping

from nsbench.evaluation.metrics.hit_rate import HIT_RATE
from nsbench.evaluation.metrics.mrr import MRR
from nsbench.evaluation.metrics.ndcg import NDCG
from nsbench.evaluation.metrics.rank_metric import RankMetric

METRICS: Mapping[str, RankMetric] = {
    metric.name: metric
    for metric in (
        HIT_RATE,
        NDCG,
        MRR,
    )
}
"""What is computed of ranks at every cut-off, by name; the first one is what a table of one metric shows."""
