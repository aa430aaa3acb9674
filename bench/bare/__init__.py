"""The least that a Django application does for a page; what `startproject` sets up, and nothing else."""
