"""A trained model in use: what is kept of one, how it is found again, and what it recommends.

A model is a folder of three files (`folder`): one of safetensors holds the parameters, a card in JSON says what they are
(`card`), and a Parquet file names the items. `keeper` makes the folder of a run, `reference` finds a model by what people
call it. `recommender` gives the top k of histories, `top_items` selects them beside the product, `similar` gives neighbours of
an item; `history_table` reads histories from a file (`history_text` those that are written in a line), `dataset_histories` takes
them from a dataset, `recommendation_file` writes what comes out.
"""
