"""Novelty: are samples new, or real images shown again, moved, mixed, or drawn from a bank?"""
