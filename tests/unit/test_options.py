import pytest

from core.formats import TARGETS, Format, find
from core.option_kinds import OptionValue
from core.options import OPTIONS, Options, WrongOptions, parse_options

GOOD: dict[str, tuple[str, OptionValue]] = {
    "quality": ("80", 80),
    "lossless": ("on", True),
    "width": ("100", 100),
    "height": (" 7 ", 7),
    "fit": ("Cover", "cover"),
    "enlarge": ("true", True),
    "background": ("#0aF", "#00aaff"),
    "metadata": ("keep", "keep"),
    "color": ("keep", "keep"),
    "animation": ("first", "first"),
    "effort": ("0", 0),
    "progressive": ("yes", True),
    "dpi": ("300", 300),
}
BAD = {
    "quality": ["101", "0", "-1", "8.5", "high", "9" * 30, "٣"],
    "lossless": ["maybe"],
    "width": ["0", "65536", "wide"],
    "height": ["0x10"],
    "fit": ["stretch"],
    "enlarge": ["2"],
    "background": ["#12", "#gggggg", "url(x)", "transparent"],
    "metadata": ["drop"],
    "color": ["p3"],
    "animation": ["last"],
    "effort": ["10"],
    "progressive": ["si"],
    "dpi": ["0", "10001"],
}
TAKES = {name: fmt for name in GOOD for fmt in ("jpeg", "webp", "png") if name in find(fmt).options}  # type: ignore[union-attr]


@pytest.mark.parametrize("name", [option.name for option in OPTIONS])
def test_a_good_value_becomes_json(name: str) -> None:
    text, value = GOOD[name]
    target = find(TAKES[name])
    assert target is not None
    assert parse_options(target, {name: text}) == {name: value}
    assert getattr(Options.of({name: value}), name) == value


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_a_bad_value_is_named_with_what_is_allowed(name: str, text: str) -> None:
    target = find(TAKES[name])
    assert target is not None
    with pytest.raises(WrongOptions) as refused:
        parse_options(target, {name: text})
    (error,) = refused.value.errors
    assert error.field == name
    assert error.detail.startswith(f"{name} must be ")


def test_every_wrong_field_is_named_at_once() -> None:
    jpeg = find("jpeg")
    assert jpeg is not None
    with pytest.raises(WrongOptions) as refused:
        parse_options(jpeg, {"quality": "101", "lossless": "true", "colour": "red", "width": "10"})
    assert [error.field for error in refused.value.errors] == ["quality", "lossless", "colour"]
    assert "JPEG takes no lossless" in refused.value.errors[1].detail
    assert "is not an option" in refused.value.errors[2].detail


def test_empty_fields_are_not_given() -> None:
    jpeg = find("jpeg")
    assert jpeg is not None
    assert parse_options(jpeg, {"quality": " ", "lossless": "", "nonsense": ""}) == {}
    assert Options.of({}) == Options()


def test_a_hostile_value_is_shown_short_and_printable() -> None:
    jpeg = find("jpeg")
    assert jpeg is not None
    with pytest.raises(WrongOptions) as refused:
        parse_options(jpeg, {"fit": "\x1b[31m" + "x" * 500})
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 200


EVERY = {"width", "height", "fit", "enlarge", "metadata", "color"}
FLAT_OR_ON_AND_OFF = {"jpeg", "bmp", "ppm", "pcx", "pdf", "gif"}
TAKEN = {
    "quality": {"jpeg", "webp", "avif", "heic", "jxl", "jp2", "pdf"},
    "lossless": {"webp", "jxl", "jp2"},
    "background": FLAT_OR_ON_AND_OFF,
    "animation": {"gif", "png", "webp", "avif", "tiff", "pdf"},
    "effort": {"png", "webp", "avif", "heic", "jxl"},
    "progressive": {"jpeg"},
    "dpi": {"jpeg", "png", "tiff", "bmp", "pcx", "pdf"},
} | {name: {fmt.name for fmt in TARGETS} for name in EVERY}
"""Which targets take which option: the contract, written down apart from the table under test."""


@pytest.mark.parametrize("target", TARGETS, ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("name", [option.name for option in OPTIONS])
def test_each_target_takes_what_means_something_there_and_refuses_the_rest(name: str, target: Format) -> None:
    text, value = GOOD[name]
    if target.name in TAKEN[name]:
        assert parse_options(target, {name: text}) == {name: value}
        return
    with pytest.raises(WrongOptions) as refused:
        parse_options(target, {name: text})
    (error,) = refused.value.errors
    assert error.field == name
    assert error.detail.startswith(f"{target.title} takes no {name}. Leave it out; {target.title} takes: ")
    assert all(known in error.detail for known in sorted(target.options))
