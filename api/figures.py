"""Figures for people: sizes, counts and times, as each language writes them."""

from datetime import datetime

from api.wording import ENGLISH

UNITS = {"en": ("bytes", "kB", "MB", "GB"), "ru": ("Б", "кБ", "МБ", "ГБ")}
STEP = 1000
ROUNDS_UP = 999.5
"""From here on, three digits would show a thousand."""
MOST_SMALLER = 99


def size_text(count: int, language: str = ENGLISH) -> str:
    """Write bytes as people say them: 482 kB, 1.3 MB."""
    least, *larger = UNITS[language]
    if count < STEP:
        return f"{count} {least}"
    amount = float(count)
    for unit in larger:
        amount /= STEP
        if amount < ROUNDS_UP or unit == larger[-1]:
            break
    return f"{decimal_text(amount, language)} {unit}"


def decimal_text(number: float, language: str) -> str:
    """Write a number with up to three digits."""
    text = f"{number:.3g}"
    return text if language == ENGLISH else text.replace(".", ",")


def count_text(count: int, language: str = ENGLISH) -> str:
    """Write a whole number with its thousands apart."""
    return f"{count:,}" if language == ENGLISH else f"{count:,}".replace(",", "\N{NO-BREAK SPACE}")


def time_text(moment: datetime) -> str:
    """Write a time so that no reader takes the day for the month."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def change_percent(before: int, after: int) -> int:
    """Return by how many percent a result is smaller than its source; negative when it is larger.

    Nothing is all of it smaller. The scripts have the same rule (sizes.js).
    """
    if not before:
        return 0
    percent = int(100 * abs(before - after) / before + 0.5)
    return min(percent, MOST_SMALLER) if after < before else -percent
