"""Whom methods serve, by users: those of few and of many interactions before the test, and those of rare and of popular taste.

`user_group` says who is in which group, `served` sums the recorded ranks by group and tests differences, `group_text` and
`group_table` say and show what came out. Runs record users and ranks, but not what users took before: that is read from the
prepared dataset of the home, if it has the content that the runs saw. Without it a sentence says what is missing.
"""
