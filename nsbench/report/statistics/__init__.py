"""Means, intervals and tests over repeats and users, and what they decide.

Numbers in, numbers out: nothing here knows of MLflow, of pages or of how anything is worded. `inference` puts the parts together;
`decision` is what every table, figure and sentence goes by.
"""
