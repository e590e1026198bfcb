"""Adam over the dense parameters and over the item table.

`adam` is the rule; `item_table` applies it to all rows of a table or to those of a step only. What is optimised, and with
which gradient, is the step's business: nothing here knows of batches, losses or models.
"""
