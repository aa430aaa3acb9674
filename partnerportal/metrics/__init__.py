"""Figures for Prometheus at `/metrics` (docs/decisions/0052-metrics-and-secrets.md).

`middleware.py` is only loaded if `METRICS_TOKEN` or `METRICS_NETWORKS` is set, and prometheus-client only by it.
"""
