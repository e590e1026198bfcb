"""Trained models in MLflow: each a LoggedModel of its run, and in the registry under names that people give.

`stored_model` is what is known of one and which is better, `model_log` writes one, `model_reading` reads them and removes those
that a better one replaces, `model_place` says where files lie, `registry` names them, and `model_store` is the door to all of
it. What the files hold is the business of `nsbench.trained`.
"""
