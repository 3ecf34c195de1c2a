"""The check at the start: what core.formats promises and what the codecs are have to agree."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.formats import FORMATS, Format
from engine.codecs.registry import Codec, CodecMismatch, all_codecs, check_codecs
from worker.sandbox import zygote

Codecs = dict[str, Codec]


def test_the_codecs_are_those_of_the_formats() -> None:
    check_codecs(FORMATS, all_codecs())
    assert all_codecs().keys() == {fmt.name for fmt in FORMATS}


def without_module(codecs: Codecs) -> None:
    del codecs["qoi"]


def without_reader(codecs: Codecs) -> None:
    codecs["qoi"] = replace(codecs["qoi"], open=None)


def without_writer(codecs: Codecs) -> None:
    codecs["qoi"] = replace(codecs["qoi"], encoder=None)


def with_a_writer_too_many(codecs: Codecs) -> None:
    codecs["psd"] = replace(codecs["psd"], encoder=codecs["qoi"].encoder)


def with_a_module_too_many(codecs: Codecs) -> None:
    codecs["pict"] = codecs["qoi"]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (without_module, "QOI is in core.formats, but there is no engine/codecs/qoi.py with a CODEC."),
        (without_reader, "QOI: the CODEC of engine/codecs/qoi.py lacks `open`, against core.formats."),
        (without_writer, "QOI: the CODEC of engine/codecs/qoi.py lacks `encoder`, against core.formats."),
        (with_a_writer_too_many, "PSD: the CODEC of engine/codecs/psd.py has `encoder`, against core.formats."),
        (with_a_module_too_many, "engine/codecs/pict.py has a CODEC, but core.formats has no row `pict`."),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(spoil: Callable[[Codecs], None], sentence: str) -> None:
    codecs = dict(all_codecs())
    spoil(codecs)
    with pytest.raises(CodecMismatch) as caught:
        check_codecs(FORMATS, codecs)
    assert str(caught.value) == sentence


def test_a_zygote_with_wrong_codecs_ends_with_that_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    one_more = Format("pict", "PICT", "image/x-pict", "pict", lambda _: False)
    monkeypatch.setattr("engine.codecs.registry.FORMATS", (*FORMATS, one_more))
    with pytest.raises(SystemExit) as caught:
        zygote.warm_up()
    assert caught.value.code == "PICT is in core.formats, but there is no engine/codecs/pict.py with a CODEC."
