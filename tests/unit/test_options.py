from dataclasses import fields as fields_of

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
    "max_bytes": ("100000", 100_000),
    "subsampling": ("422", "422"),
    "rotate": ("270", 270),
    "crop": ("10, 020,30,4", "10,20,30,4"),
    "colors": ("16", 16),
    "dither": ("off", False),
    "loop": ("0", 0),
    "page": ("3", 3),
    "paper": ("A4", "a4"),
    "sizes": ("48, 16,48", "16,48"),
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
    "max_bytes": ["0", "1000000000", "2MB"],
    "subsampling": ["440", "4:2:0", "full"],
    "rotate": ["45", "-90", "right"],
    "crop": ["1,2,3", "0,0,0,5", "0,0,5,0", "16:0", "16/9", "-1,0,5,5", "1.5,0,5,5", "100000,0,5,5", "1:2:3"],
    "colors": ["1", "257", "many"],
    "dither": ["2"],
    "loop": ["-1", "65536", "forever"],
    "page": ["0", "-1", "last", "100001"],
    "paper": ["a3", "legal"],
    "sizes": ["0", "16;32", "16,,32", "big", ",".join(str(side) for side in range(1, 22))],
}
TAKES = {
    name: fmt
    for name in GOOD
    for fmt in ("ico", "pdf", "jpeg", "webp", "png")
    if name in find(fmt).options  # type: ignore[union-attr]
} | {"background": "jpeg"}


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


NEEDS = {"background": {"fit": "pad"}, "sizes": {"sizes": "256,16"}}
"""What has to be given beside an option, or instead, so that every target takes it."""


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
    assert error.detail.startswith(f"{target.title} takes no {name}. Leave it out; {target.title} takes: ")
    assert all(known in error.detail for known in sorted(target.options))


@pytest.mark.parametrize(
    ("target", "fields", "field", "said"),
    [
        ("png", {"background": "red"}, "background", "PNG keeps transparency"),
        ("webp", {"background": "red", "fit": "cover"}, "background", "or give fit=pad"),
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
