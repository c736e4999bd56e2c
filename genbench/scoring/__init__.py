"""Scoring: what comes of a candidate's evidence: scores, the gate against copies, the audits of a density."""
