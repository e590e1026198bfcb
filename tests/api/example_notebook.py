import pandas as pd

import nsbench

views = pd.read_csv("views.csv")  # users, items and times, under whatever names
shop = nsbench.prepare(views, name="shop")
nsbench.baseline(shop)
nsbench.repeat(["random", "mixed"], shop, defaults=True, repeats=2, epochs=20)  # without epochs: until nothing improves
comparison = nsbench.compare([shop])
print(comparison.answer)
print(comparison.table)
