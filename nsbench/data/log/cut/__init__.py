"""Where a log is cut into training, validation and test other than by shares in time, and in which order a user's rows stand.

`find_cut` chooses: `dates` that are given, each user's last interactions (`leave_one_out`), or files of their own (`own_parts`);
shares in time are `split`'s. `row_order` says how equal times are ordered, and `time_leak` what of training lies later than the
test.
"""
