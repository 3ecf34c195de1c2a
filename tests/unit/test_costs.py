"""The forecast of processor time, and what is said of a conversion that takes far too long."""

import pytest

from core.cost_figures import READING, WRITING, WRITING_LOSSLESS
from core.costs import (
    advise_cheaper,
    find_fitting_effort,
    forecast_seconds,
    is_too_costly,
    list_paces,
)
from core.formats import READABLE, TARGETS, find_target
from core.options import Options
from engine.request import Header, Limits, Request
from worker.sandbox.cpu_forecast import forecast_cpu_seconds, is_heavy

MP = 1_000_000
LIMITS = Limits(max_pixels=50 * MP, max_frames=9, max_result_bytes=1, memory_bytes=4 << 30, seconds=60)


def request(target: str, **options: int) -> Request:
    return Request(source="jpeg", target=target, options=Options.of(dict(options)), limits=LIMITS)


def header(area: int, frames: int = 1) -> Header:
    return Header(source_area=area, target_area=area, frames=frames, alpha=False)


def test_every_format_is_measured_and_nothing_else() -> None:
    assert READING.keys() == {fmt.name for fmt in READABLE}
    assert WRITING.keys() == {fmt.name for fmt in TARGETS}
    assert WRITING_LOSSLESS.keys() == {fmt.name for fmt in TARGETS if "lossless" in fmt.options}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_there_is_a_figure_for_each_effort_and_more_effort_takes_no_less(target: object) -> None:
    fmt = next(fmt for fmt in TARGETS if fmt is target)
    for lossless in {False, "lossless" in fmt.options}:
        figures = list_paces(fmt.name, lossless=lossless)
        efforts = "effort" in fmt.options and (not lossless or fmt.name != "jp2")
        assert len(figures) == (10 if efforts else 1)
        assert sorted(figures) == list(figures)


def test_the_default_effort_counts_where_none_is_given() -> None:
    assert forecast_seconds("avif", Options(), pixels=MP) == forecast_seconds("avif", Options(effort=4), pixels=MP)


def test_a_search_for_bytes_encodes_several_times() -> None:
    once, search = (forecast_seconds("avif", options, pixels=MP) for options in (Options(), Options(max_bytes=1000)))
    assert search > 5 * once


def test_only_what_is_far_beyond_the_limit_is_refused() -> None:
    slow = Options(effort=9)
    assert is_too_costly("avif", slow, pixels=49 * MP, limit=60)
    assert not is_too_costly("avif", slow, pixels=10 * MP, limit=60)
    assert not is_too_costly("avif", Options(), pixels=50 * MP, limit=60)


def test_nothing_is_refused_with_the_defaults() -> None:
    """With the default limits: the most pixels, and each encoder's own effort."""
    for target in TARGETS:
        assert not is_too_costly(target.name, Options(), pixels=50 * MP, limit=60)


def test_the_advice_names_what_fits() -> None:
    avif, icns = find_target("avif"), find_target("icns")
    assert avif is not None
    assert icns is not None
    assert find_fitting_effort("avif", Options(effort=9), pixels=49 * MP, limit=60) == 4
    said = advise_cheaper(avif, Options(effort=9), pixels=49 * MP, limit=60)
    assert said == "Make the image smaller (about 6.4 megapixels fit), or give effort 4 or less."
    assert advise_cheaper(icns, Options(), pixels=490 * MP, limit=60).endswith("megapixels fit).")


def test_a_heavy_conversion_is_told_from_a_light_one() -> None:
    assert not is_heavy(request("webp"), header(MP))
    assert is_heavy(request("avif", effort=9), header(MP))
    assert not is_heavy(request("avif", effort=9), header(MP // 50))
    assert is_heavy(request("webp"), header(MP, frames=9))


def test_pages_are_not_counted_beyond_the_limit_of_pixels() -> None:
    assert forecast_cpu_seconds(request("tiff"), header(40 * MP, frames=9)) < 30
