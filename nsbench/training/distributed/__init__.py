"""One training by several processes: who has which users of a step and which rows of the item table.

`batch_shard` cuts the step, `table_placement` says where the item table lies, `sharded_table` asks its owners. A process that
trains alone is the group of one in all of this, so that nothing else asks how many there are.
"""
