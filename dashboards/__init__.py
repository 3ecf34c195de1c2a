"""Grafana dashboards as code: what is in them is data (`service.py` and its neighbours), `grafana.py` builds it."""
