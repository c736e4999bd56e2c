"""Trusted: processes that no model plugin has touched: they pose questions, lay data down and score."""
