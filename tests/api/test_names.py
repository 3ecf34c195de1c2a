"""Names on their way in, as clients of every age write them, and on their way out, as every client can take them."""

# ruff: noqa: RUF001 - characters that look like others are what it is about.

import random
import re
import unicodedata
from urllib.parse import unquote

import pytest

from api.dispositions import content_disposition, make_fallback
from api.names import BIDI_CONTROLS, clean_name, read_file_name
from core.names import MOST_BYTES, make_portable, name_result

B64 = "=?utf-8?B?R3LDtsOfZS5wbmc=?="
"""Größe.png."""


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        # As RFC 7578 wants it.
        (b'filename="photo.png"', "photo.png"),
        ('filename="Größe.png"'.encode(), "Größe.png"),
        ('filename="日本.png"'.encode(), "日本.png"),
        (b'filename=""', ""),
        (b'FileName="photo.png"', "photo.png"),
        (b'filename = "photo.png"', "photo.png"),
        (b'filename="a; filename=b.png"', "a; filename=b.png"),
        (b'filename="a.png"; filename="b.png"', "a.png"),
        # Without quotes, as .NET.
        (b"filename=photo.png", "photo.png"),
        (b"filename=two words.png", "two words.png"),
        (b"filename=photo.png; size=3", "photo.png"),
        # Raw bytes of old browsers.
        (b'filename="Gr\xf6\xdfe.png"', "Größe.png"),
        (b'filename="\x80uro.png"', "€uro.png"),
        (b'filename="\x81.png"', "\x81.png"),
        # Quotes and backslashes.
        (rb'filename="a\"b.png"', 'a"b.png'),
        (rb'filename="a\\b.png"', "a\\b.png"),
        (rb'filename="C:\Users\me\cat.png"', "C:\\Users\\me\\cat.png"),
        (rb"filename=C:\Users\me\cat.png", "C:\\Users\\me\\cat.png"),
        (b'filename="a"b.png"', 'a"b.png'),
        (rb'filename="dir\"', "dir\\"),
        (b'filename="cut', '"cut'),
        # Percent forms of browsers, and no others.
        (b'filename="a%22b.png"', 'a"b.png'),
        (b'filename="a%0D%0Ab.png"', "ab.png"),
        (b'filename="100%25.png"', "100%25.png"),
        (b'filename="%41.png"', "%41.png"),
        # Encoded words.
        (f'filename="{B64}"'.encode(), "Größe.png"),
        (f"filename={B64}".encode(), "Größe.png"),
        (b'filename="=?UTF-8?b?R3LDtsOfZS5wbmc?="', "Größe.png"),
        (b'filename="=?utf-8?Q?Gr=C3=B6=C3=9Fe_2.png?="', "Größe 2.png"),
        (b'filename="=?iso-8859-1?q?Gr=F6=DFe.png?="', "Größe.png"),
        (b'filename="=?windows-1251?B?1O7y7i5wbmc=?="', "Фото.png"),
        (b'filename="=?koi8-r?B?5s/Uzy5wbmc=?="', "Фото.png"),
        (b'filename="=?shift_jis?B?k/qWey5wbmc=?="', "日本.png"),
        (b'filename="=?iso-2022-jp?B?GyRCRnxLXBsoQi5wbmc=?="', "日本.png"),
        (b'filename="=?gb2312?B?yNWxvi5wbmc=?="', "日本.png"),
        (b'filename="=?utf-8*de?Q?Gr=C3=B6=C3=9Fe.png?="', "Größe.png"),
        (b'filename="=?utf-8?B?R3LDtg==?= =?utf-8?B?w59lLnBuZw==?="', "Größe.png"),
        (b'filename="=?utf-8?B?R3LD?= =?utf-8?B?tsOfZS5wbmc=?="', "Größe.png"),
        (b'filename="=?utf-8?B?R3LDtg==?==?iso-8859-1?Q?=DFe.png?="', "Größe.png"),
        (b'filename="my =?utf-8?B?R3LDtsOfZQ==?=.png"', "my Größe.png"),
        # Encoded words that cannot be read stay.
        (b'filename="=?utf-8?B?R?="', "=?utf-8?B?R?="),
        (b'filename="=?utf-8?B?/w==?="', "=?utf-8?B?/w==?="),
        (b'filename="=?rot13?Q?nop?="', "=?rot13?Q?nop?="),
        (b'filename="=?unknown?Q?abc?="', "=?unknown?Q?abc?="),
        (b'filename="=?utf-8?X?abc?="', "=?utf-8?X?abc?="),
        (b'filename="is=?it?.png"', "is=?it?.png"),
        # filename* alone, and before the other.
        (b"filename*=utf-8''Gr%C3%B6%C3%9Fe.png", "Größe.png"),
        (b"filename*=UTF-8'de'Gr%c3%b6%c3%9fe.png", "Größe.png"),
        (b"filename*=iso-8859-1''Gr%F6%DFe.png", "Größe.png"),
        (b"filename*=\"utf-8''Gr%C3%B6%C3%9Fe.png\"", "Größe.png"),
        (b"FILENAME*=utf-8''a%20b%22c.png", 'a b"c.png'),
        (b"filename*=''Gr%C3%B6%C3%9Fe.png", "Größe.png"),
        (b"filename*=Gr%C3%B6%C3%9Fe.png", "Größe.png"),
        (b"filename*=utf-8''it's.png", "it's.png"),
        (b"filename=\"x.png\"; filename*=utf-8''Gr%C3%B6%C3%9Fe.png", "Größe.png"),
        (f"filename=\"{B64}\"; filename*=utf-8''Gr%C3%B6%C3%9Fe.png".encode(), "Größe.png"),
        # filename* that cannot be read.
        (b"filename=\"x.png\"; filename*=utf-8''%FF%FE", "x.png"),
        (b"filename=\"x.png\"; filename*=hex''61", "x.png"),
        (b'filename="x.png"; filename*=', "x.png"),
        (b"filename*=utf-8''", ""),
    ],
)
def test_a_name_is_read_as_its_client_meant_it(parameters: bytes, name: str) -> None:
    assert read_file_name(b'form-data; name="file"; ' + parameters) == name


@pytest.mark.parametrize(
    "header", [b"", b"form-data", b'form-data; name="filename"', b'form-data; name="a; filename=b"']
)
def test_a_part_without_a_file_has_no_name(header: bytes) -> None:
    assert read_file_name(header) is None


def test_the_charset_of_the_form_counts_for_what_is_not_utf_8() -> None:
    assert read_file_name(b'form-data; filename="\x93\xfa\x96{.png"', "shift_jis") == "日本.png"
    assert read_file_name('form-data; filename="日本.png"'.encode(), "shift_jis") == "日本.png"
    assert read_file_name(b'form-data; filename="Gr\xf6\xdfe.png"', "no such") == "Größe.png"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\cat.png", "cat.png"),
        ("/", "image"),
        ("..", "image"),
        ("", "image"),
        (" . ", "image"),
        ("a\0b\x1b[31m\x7f\x85.png", "ab[31m.png"),
        ("a\r\nb.png", "ab.png"),
        ("na\u202egpj.exe", "nagpj.exe"),
        ("a\u2028b\u2029.png", "ab.png"),
        ("  a.png  ", "a.png"),
        ("\ud800a.png", "a.png"),
        ("x" * 300 + ".png", "x" * 251 + ".png"),
        ("日" * 100 + ".jpeg", "日" * 83 + ".jpeg"),
        ("x" * 300, "x" * 255),
        ("a." + "x" * 300, "a." + "x" * 253),
        ("．．／etc.png", "．．／etc.png"),
    ],
)
def test_a_name_is_made_harmless(sent: str, kept: str) -> None:
    assert clean_name(sent) == kept


@pytest.mark.parametrize(
    ("filename", "fallback"),
    [
        ("photo.jpg", "photo.jpg"),
        ("Größe.jpg", "Grosse.jpg"),
        ("Gro\u0308ße.jpg", "Grosse.jpg"),
        ("Ærøskøbing ñ.jpg", "Aeroskobing n.jpg"),
        ("it's; x=1.jpg", "it's; x=1.jpg"),
        ('a"b\\c%41.jpg', "a_b_c_41.jpg"),
        ("a/b.jpg", "a_b.jpg"),
        ("．．／etc.jpg", "_etc.jpg"),
        ("．．＼．．＼etc.jpg", "_.._etc.jpg"),
        ("a∕b⁄c.jpg", "a_b_c"),
        ("...jpg", "image.jpg"),
        (".hidden.jpg", "hidden.jpg"),
        ("CON.jpg", "_CON.jpg"),
        (" con.jpg", "_con.jpg"),
        ("nul.tar.jpg", "_nul.tar.jpg"),
        ("COM¹.jpg", "_COM1"),
        ("what?*<>|:.jpg", "what______.jpg"),
        ("v1.2 final", "v1.2 final"),
        ("?", "image"),
        ("日本.jpg", "RiBen"),
        ("Фото 2024.jpg", "Foto 2024"),
        ("한국어.jpg", "HanGugEo"),
        ("صورة.jpg", "swrh"),
        ("🎉.jpg", "_tada_"),
        ("\ue000.jpg", "image"),
    ],
)
def test_a_fallback_is_plain_and_says_what_it_can(filename: str, fallback: str) -> None:
    made = make_fallback(filename)
    assert re.sub(r"-[0-9a-f]{8}\.jpg$", "", made) == fallback
    assert made.isascii()


def test_names_of_other_scripts_have_fallbacks_of_their_own() -> None:
    names = [
        "日本.jpg",
        "二本.jpg",
        "日夲.jpg",
        "Фото.jpg",
        "Foto.jpg",
        "фото.jpg",
        "\U0001f389.jpg",
        "\U0001f38a.jpg",
        "ʻa.jpg",
        "写真.jpg",
        "寫眞.jpg",
    ]
    names += [f"{chr(0x4E00 + number)}.jpg" for number in range(2000)]
    assert len({make_fallback(name) for name in names}) == len(names)


ODD = [
    *"/\\:*?\"<>|%;=.,'\0\t\r\n\x1b\x7f\x85 ",
    *"\u200b\u200d\u200e\u202e\u2066\u2028\u2029\ufeff\u0301\ufe0f\ud800",
    *"．／＼：∕⁄․‥…／⧵﹨％＂¹½",
    *"aA1éß日本фаш한\U0001f389\U0001f3fd",
    *("CON", "com1", ".png", ".jpg", "%22", "%2F", "%5c", "..", "../", "=?utf-8?B?Li4v?="),
]


def make_odd_names(count: int) -> list[str]:
    chance = random.Random(14)  # noqa: S311 - the same names each time.
    lengths = [1, 2, 3, 5, 8, 13, 40, 90, 300]
    return ["".join(chance.choices(ODD, k=chance.choice(lengths))) for _ in range(count)]


@pytest.mark.parametrize("ending", ["jpg", "webp"])
def test_no_name_that_goes_out_can_do_harm(ending: str) -> None:
    for sent in make_odd_names(5000):
        kept = clean_name(sent)
        result = name_result(kept, ending)
        fallback = make_fallback(result)
        for name in (kept, result, fallback):
            assert name
            assert len(name.encode()) <= MOST_BYTES, sent
            assert not set(name) & {"/", "\\", *BIDI_CONTROLS}, sent
            assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in name), sent
        assert result.endswith(f".{ending}")
        assert fallback.endswith(f".{ending}")
        assert fallback.isascii()
        assert not set(fallback) & set('"%:*?<>|'), sent
        assert fallback == make_portable(fallback).lstrip(". "), sent


def test_what_is_said_is_read_again_by_those_who_read_it() -> None:
    for sent in make_odd_names(500):
        name = name_result(clean_name(sent), "jpg")
        found = re.fullmatch(
            r"attachment; filename=\"([^\"\\%/]+)\"; filename\*=UTF-8''([\w.~%-]+)", content_disposition(name)
        )
        assert found is not None
        assert unquote(found[2]) == name
        assert read_file_name(content_disposition(name).encode()) == name
