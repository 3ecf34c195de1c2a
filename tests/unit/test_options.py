import re
from dataclasses import fields as fields_of

import pytest
from PIL import ImageColor

from core.formats import TARGETS, Format, find
from core.option_kinds import Option, OptionValue, read_color
from core.options import BY_NAME, OPTIONS, Options, WrongOptions, parse_options

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
    "max_bytes": ("100000", 100_000),
    "subsampling": ("422", "422"),
    "rotate": ("270", 270),
    "crop": ("10, 020,30,4", "10,20,30,4"),
    "colors": ("16", 16),
    "dither": ("off", False),
    "loop": ("0", 0),
    "page": ("3", 3),
    "paper": ("A4", "a4"),
    "sizes": ("48, 016", "16,48"),
}
BAD = {
    "quality": ["101", "0", "-1", "8.5", "high", "9" * 30, "٣"],
    "lossless": ["maybe"],
    "width": ["0", "65536", "wide"],
    "height": ["0x10"],
    "fit": ["stretch"],
    "enlarge": ["2"],
    "background": ["#12", "#gggggg", "url(x)", "transparent", "ff0000", "orang"],
    "metadata": ["drop"],
    "color": ["p3"],
    "animation": ["last"],
    "effort": ["10"],
    "progressive": ["si"],
    "dpi": ["0", "10001"],
    "max_bytes": ["0", "1000000000", "2MB"],
    "subsampling": ["440", "4:2:0", "full"],
    "rotate": ["45", "-90", "right"],
    "crop": ["1,2,3", "0,0,0,5", "0,0,5,0", "16:0", "16/9", "-1,0,5,5", "1.5,0,5,5", "100000,0,5,5", "1:2:3"],
    "colors": ["1", "257", "many"],
    "dither": ["2"],
    "loop": ["-1", "65536", "forever"],
    "page": ["0", "-1", "last", "100001"],
    "paper": ["a3", "legal"],
    "sizes": ["0", "16;32", "16,,32", "big", "16,32,16", "16,016", ",".join(str(side) for side in range(1, 22))],
}
TAKES = {
    name: fmt
    for name in GOOD
    for fmt in ("ico", "pdf", "jpeg", "webp", "png")
    if name in find(fmt).options  # type: ignore[union-attr]
} | {"background": "jpeg"}


NEEDS = {
    "background": {"fit": "pad", "width": "9", "height": "9"}, "fit": {"width": "9", "height": "9"},
    "enlarge": {"width": "9"}, "dither": {"colors": "9"}, "sizes": {"sizes": "256,16"},
}  # fmt: skip
"""What has to be given beside an option, or instead, so that every target takes it."""


@pytest.mark.parametrize("name", [option.name for option in OPTIONS])
def test_a_good_value_becomes_json(name: str) -> None:
    text, value = GOOD[name]
    target = find(TAKES[name])
    assert target is not None
    assert parse_options(target, NEEDS.get(name, {}) | {name: text})[name] == value
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
    assert refused.value.errors[1].detail == "JPEG takes no lossless. Leave it out."
    assert refused.value.errors[2].detail == "'colour' is not an option."
    assert refused.value.advice.startswith("JPEG takes: quality, max_bytes, ")


def test_what_the_target_takes_is_told_only_where_it_was_not_known() -> None:
    jpeg = find("jpeg")
    assert jpeg is not None
    with pytest.raises(WrongOptions) as refused:
        parse_options(jpeg, {"quality": "101"})
    assert refused.value.advice == ""


def test_a_size_that_cannot_be_read_is_not_said_to_be_missing() -> None:
    jpeg = find("jpeg")
    assert jpeg is not None
    with pytest.raises(WrongOptions) as refused:
        parse_options(jpeg, {"width": "wide", "height": "9", "fit": "cover", "enlarge": "true"})
    assert [error.field for error in refused.value.errors] == ["width"]


@pytest.mark.parametrize("name", ImageColor.colormap)
def test_every_color_name_of_css_is_known(name: str) -> None:
    assert read_color(name) == read_color(name.upper()) == "#{:02x}{:02x}{:02x}".format(*ImageColor.getrgb(name))


@pytest.mark.parametrize("option", [option for option in OPTIONS if option.highest], ids=lambda option: option.name)
def test_the_sentence_about_a_number_has_both_ends_of_its_range(option: Option) -> None:
    assert option.lowest is not None
    assert option.highest is not None
    assert {str(option.lowest), str(option.highest)} <= set(re.findall(r"\d+", option.allowed))
    assert option.read(str(option.lowest - 1)) is option.read(str(option.highest + 1)) is None


def test_the_sentence_about_an_icon_has_all_its_sides() -> None:
    for fmt in (fmt for fmt in TARGETS if "sizes" in fmt.options):
        assert f"{fmt.title} has {fmt.shown_sides}" in BY_NAME["sizes"].allowed
        assert str(fmt.max_side) in fmt.shown_sides


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


EVERY = {"width", "height", "fit", "enlarge", "metadata", "color", "rotate", "crop", "page", "background"}
TAKEN = {
    "quality": {"jpeg", "webp", "avif", "heic", "jxl", "jp2", "pdf"},
    "lossless": {"webp", "jxl", "jp2"},
    "animation": {"gif", "png", "webp", "avif", "tiff", "pdf"},
    "effort": {"png", "webp", "avif", "heic", "jxl"},
    "progressive": {"jpeg"},
    "dpi": {"jpeg", "png", "tiff", "bmp", "pcx", "pdf"},
    "max_bytes": {"jpeg", "webp", "avif", "heic", "jxl", "jp2"},
    "subsampling": {"jpeg", "avif", "heic", "pdf"},
    "colors": {"gif", "png", "bmp", "tiff", "pcx", "tga"},
    "dither": {"gif", "png", "bmp", "tiff", "pcx", "tga"},
    "loop": {"gif", "png", "webp", "avif"},
    "paper": {"pdf"},
    "sizes": {"ico", "icns"},
} | {name: {fmt.name for fmt in TARGETS} for name in EVERY}
"""Which targets take which option: the contract, written down apart from the table under test."""


@pytest.mark.parametrize("target", TARGETS, ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("name", [option.name for option in OPTIONS])
def test_each_target_takes_what_means_something_there_and_refuses_the_rest(name: str, target: Format) -> None:
    fields = {name: GOOD[name][0]} | NEEDS.get(name, {})
    if target.name in TAKEN[name]:
        assert parse_options(target, fields).keys() == fields.keys()
        return
    with pytest.raises(WrongOptions) as refused:
        parse_options(target, {name: GOOD[name][0]})
    (error,) = refused.value.errors
    assert error.field == name
    assert error.detail == f"{target.title} takes no {name}. Leave it out."
    assert refused.value.advice.startswith(f"{target.title} takes: ")
    assert all(known in refused.value.advice for known in sorted(target.options))


@pytest.mark.parametrize(
    ("target", "fields", "field", "said"),
    [
        ("png", {"background": "red"}, "background", "PNG keeps transparency"),
        ("webp", {"background": "red", "fit": "cover", "width": "9", "height": "9"}, "background", "or give fit=pad"),
        ("png", {"background": "red", "fit": "pad"}, "fit", "fit=pad is for width and height."),
        ("jpeg", {"fit": "cover"}, "fit", "fit=cover is for width and height."),
        ("jpeg", {"fit": "fill"}, "fit", "Give them, or leave out fit."),
        ("jpeg", {"enlarge": "true", "fit": "inside"}, "enlarge", "Give one of them, or leave out enlarge."),
        ("png", {"dither": "false"}, "dither", "Give colors, or leave out dither."),
        ("bmp", {"dither": "false"}, "dither", "Give colors, or leave out dither."),
        ("gif", {"loop": "3", "animation": "first"}, "loop", "animation=first takes one frame"),
        ("png", {"loop": "0", "page": "2"}, "loop", "page takes one frame"),
        ("jxl", {"lossless": "true", "max_bytes": "9000"}, "max_bytes", "lossless=true has none"),
        (
            "ico",
            {"sizes": "16,257"},
            "sizes",
            "ICO has pictures of 1 to 256 pixels, and none of 257. Give other numbers in sizes.",
        ),
        ("icns", {"sizes": "16,48"}, "sizes", "ICNS has pictures of 16, 32, 64, 128, 256, 512, 1024 pixels"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    target: str, fields: dict[str, str], field: str, said: str
) -> None:
    found = find(target)
    assert found is not None
    with pytest.raises(WrongOptions) as refused:
        parse_options(found, fields)
    (error,) = refused.value.errors
    assert error.field == field
    assert said in error.detail


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        ("gif", {"background": "red"}),
        ("gif", {"dither": "false"}),
        ("webp", {"lossless": "false", "max_bytes": "9000"}),
        ("jpeg", {"quality": "80", "max_bytes": "9000", "subsampling": "444"}),
        ("ico", {"sizes": "256"}),
        ("jpeg", {"fit": "inside", "enlarge": "false"}),
        ("webp", {"loop": "3", "animation": "keep"}),
        ("webp", {"fit": "cover", "width": "9"}),
        ("png", {"dither": "true"}),
    ],
)
def test_options_that_go_together_are_taken(target: str, fields: dict[str, str]) -> None:
    found = find(target)
    assert found is not None
    assert parse_options(found, fields).keys() == fields.keys()


def test_the_table_and_the_defaults_are_one() -> None:
    assert [part.name for part in fields_of(Options)] == [option.name for option in OPTIONS]
    for option in OPTIONS:
        assert getattr(Options(), option.name) == option.default, option.name
        assert option.sentence.endswith(".")
        assert (option.lowest is None) == (option.highest is None)
        for end in (option.lowest, option.highest):
            assert end is None or option.read(str(end)) == end
        assert all(option.read(str(choice)) == choice for choice in option.choices)
        assert option.choices or option.type == "boolean" or option.lowest is not None or option.read(option.example)


def test_options_of_an_old_job_still_load() -> None:
    old: dict[str, OptionValue] = {
        "quality": 80,
        "fit": "cover",
        "background": "#ffffff",
        "metadata": "keep",
        "animation": "first",
    }
    assert Options.of(old) == Options(quality=80, fit="cover", background="#ffffff", metadata="keep", animation="first")
