-- PostgreSQL's image runs this once, when the volume is empty. Optuna and MLflow each keep their schema's version in a table
-- called alembic_version, so they can't share a database.
CREATE DATABASE studies;
CREATE DATABASE mlflow;
