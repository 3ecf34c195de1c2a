"""The pieces of queries, named as PromQL names its functions.

Two labels find a release: its namespace, and `release`. The chart's monitors give both to every series. The names of
a release's objects begin with `release`; foreign exporters know a release by those names only.
"""

OURS = 'namespace="$namespace", release="$release"'
PODS = 'namespace="$namespace", pod=~"$release-.+"'
CONTAINERS = f'{PODS}, container!=""'
HPA = 'namespace="$namespace", horizontalpodautoscaler="keda-hpa-$release-worker"'
VOLUMES = 'namespace="$namespace", persistentvolumeclaim=~"data-$release-(postgresql|redis)-0"'
WINDOW = "$__rate_interval"
TRAFFIC = 'route!~"/livez|/readyz|/metrics"'
"""Requests of users, without probes."""

Labels = str


def ours(metric: str, labels: Labels = "") -> str:
    """Return a metric of the release."""
    return f"{metric}{{{OURS}{f', {labels}' if labels else ''}}}"


def rate(metric: str, labels: Labels = "") -> str:
    """Return a counter's increase a second."""
    return f"rate({ours(metric, labels)}[{WINDOW}])"


def gauge(metric: str, labels: Labels = "", by: str = "") -> str:
    """Return a gauge of the janitor. Two janitors, as there may be for a moment, say the same."""
    return f"max{f' by ({by})' if by else ''} ({ours(metric, labels)})"


def total(expr: str, by: str = "") -> str:
    """Return the sum over everything but the labels of `by`."""
    return f"sum{f' by ({by})' if by else ''} ({expr})"


def mean(histogram: str, labels: Labels = "", by: str = "") -> str:
    """Return a histogram's mean, in its unit."""
    return f"{total(rate(f'{histogram}_sum', labels), by)} / {total(rate(f'{histogram}_count', labels), by)}"


def quantile(share: float, histogram: str, labels: Labels = "", by: str = "") -> str:
    """Return a histogram's quantile, in its unit."""
    return f"histogram_quantile({share}, {total(rate(f'{histogram}_bucket', labels), f'{by}, le' if by else 'le')})"


def keda(metric: str, window: str = "") -> str:
    """Return a metric of KEDA's operator about our ScaledObject; with a window, its increase a second.

    Its `namespace` is the ScaledObject's, which Prometheus keeps as `exported_namespace` unless the monitor honours labels.
    """
    ways = (
        f'{metric}{{{label}="$namespace", scaledObject="$release-worker"}}'
        for label in ("exported_namespace", "namespace")
    )
    return f"({' or '.join(f'rate({way}[{window}])' if window else way for way in ways)})"
