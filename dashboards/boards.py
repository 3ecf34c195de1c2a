"""All dashboards."""

from dashboards.cluster import CLUSTER
from dashboards.conversions import CONVERSIONS
from dashboards.loadtest import LOADTEST
from dashboards.service import SERVICE

BOARDS = (SERVICE, CONVERSIONS, CLUSTER, LOADTEST)
