"""What a study searches: its space, its points, and the Optuna storage that they are kept in."""
