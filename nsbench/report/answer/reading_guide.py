"""The words and rules behind the report's tables, so that they need not be looked up elsewhere."""

from nsbench.report.answer.cut_off import MARK
from nsbench.report.selection import CUTOFF
from nsbench.report.statistics.estimate import LEVEL, POWER

READING_GUIDE = (
    "The best and the second best of a column are marked; baselines are lines to beat and are never marked. ± is one "
    "standard deviation over repeats with other seeds.",
    f"Hit rate at {CUTOFF}: share of test interactions whose item is among the {CUTOFF} highest ranked of the whole "
    f"catalogue. NDCG at {CUTOFF} counts a hit less the lower it is ranked.",
    "Head, mid and tail: items by falling popularity in training, cut where a third and two thirds of it are reached, unless the "
    "protocol ends with another cut (cohort_cut). The figure of the cohorts says what each holds: less even than thirds where "
    "single items are very popular. Cold items have no training interaction.",
    "Balance: 1 - Gini of the values in head, mid and tail; 100 % when all three are served alike, 33.33 % when only one "
    "is served at all, undefined (–) when none is, or when one of them has no test "
    "interaction. A method that serves all users badly can be well balanced: read it "
    "beside the accuracy.",
    "What is recommended is counted over the lists of all test interactions, right or wrong. Coverage: share of the items that "
    "can be recommended which at least one list holds. Average popularity: training interactions of a recommended item. Gini of "
    "exposure: how unequally often items are recommended, 0 % when all are alike.",
    f"Significant: a difference of trained-out methods whose p-value, corrected by Holm for all pairs of the table, is below "
    f"{LEVEL}. Too few repeats: it can't be tested, or the test fails for the number of repeats and not for the size of the "
    f"difference. Intervals hold the value in {1 - LEVEL:.0%} of all cases, and allow for other test users and other seeds as "
    "far as there are ranks and repeats; those by users allow for other test users of these very trainings. Effect: the "
    "difference in standard deviations over repeats (Hedges' g), from two degrees of freedom on. Smallest detectable: the "
    f"difference that these runs would find with a chance of {POWER:.0%}.",
    f"Cut off ({MARK}): runs that ended at their last epoch before they stopped getting better. What they reach shows how fast a "
    "method is, not how good, so no difference from such a method counts as decided.",
    "Best reachable: on a generated dataset, what the generator's own probabilities reach when items are ranked by them. That is "
    "the best to be expected in total; a model that is worse in total may exceed it in a cohort, at the cost of another one, and "
    "by chance where there are few test interactions.",
    "A method's row averages the repeats of its newest settings, on the newest preparation of the dataset and under the newest "
    "protocol; what is left out is listed.",
)
"""One rule per entry."""
