"""Tuning: the same number of trials for each model, chosen on the valid split, compared on the test split."""
