"""Appraisal: scores of samples that somebody already has, without any training: what `genbench score` prints."""

from genbench.appraisal.outcome import Appraisal as Appraisal, Identity as Identity
from genbench.appraisal.request import Request as Request
