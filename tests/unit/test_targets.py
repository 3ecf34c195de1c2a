"""What can be asked for depends on what is installed, and on what the operator says of the workers."""

import pytest

from api.settings import ApiSettings
from core import formats
from core.formats import TARGETS, find


def names(**settings: str) -> set[str]:
    return {fmt.name for fmt in ApiSettings(**settings).targets}  # type: ignore[arg-type]


def test_heic_is_a_target_where_its_encoder_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert names() == {fmt.name for fmt in TARGETS}
    monkeypatch.setattr(formats, "find_spec", lambda _: None)
    assert names() == {fmt.name for fmt in TARGETS} - {"heic"}


def test_an_operator_can_say_so_for_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "heic" not in names(heic_writing="never")
    monkeypatch.setattr(formats, "find_spec", lambda _: None)
    assert "heic" in names(heic_writing="always")


def test_heic_is_read_in_any_case() -> None:
    heic = find("heif")
    assert heic is not None
    assert heic.reads
    assert heic in formats.READABLE
