"""Protocol: what a suite asks of whom: its file, the trials and tasks that come of it, and the stages of a trial."""
