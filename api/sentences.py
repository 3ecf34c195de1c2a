"""What went wrong or was lost, told in the person's language.

The API's own sentences are English and have the figures of the case. On an English page they are shown where they say
more; on others the sentence of the code comes first, and the API's beneath it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from api.errors import ImagemillError, TryLater
from api.facts import PROSE, read_facts
from api.figures import count_text, size_text
from api.settings import ApiSettings
from api.wording import ENGLISH, Words
from core.failures import FAILURES
from core.losses import WARNINGS
from core.problems import Problem

DETAILED = frozenset({
    *("malformed_request", "unknown_target_format", "host_not_allowed", "rate_limited", "too_many_waiting"),
    *("too_much_stored", "queue_full", "busy", "storage_full", "method_not_allowed"),
})  # fmt: skip
"""Codes of problems whose detail says more than the sentence of the code."""

SENTENCES = {
    **{code.value: cause.sentence for code, cause in FAILURES.items()},
    **{code.value: loss.sentence for code, loss in WARNINGS.items()},
}
"""The sentences of failures and warnings. Those without figures say no more than their code."""


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence in the person's language, and what the API says in English besides; often empty."""

    text: str
    more: str = ""
    title: str = ""


def limit_texts(settings: ApiSettings, language: str) -> dict[str, str]:
    """Return the limits by the names that sentences of codes have for them."""
    return {
        "upload": size_text(settings.max_upload_bytes, language),
        "pixels": count_text(settings.max_pixels, language),
        "frames": count_text(settings.max_frames, language),
        "result": size_text(settings.max_result_bytes, language),
        "seconds": f"{settings.job_seconds:g}",
        "hours": f"{settings.retention_hours:g}",
    }


def tell_problem(error: ImagemillError, words: Words, limits: Mapping[str, str], *, comes_back: bool = False) -> Told:
    """Tell a refusal by its code, with when to come back. A page that `comes_back` needs nobody for that."""
    key = f"problem.{error.code}"
    text = words.say(key, **limits)
    if comes_back:
        text = f"{text} {words.say('page.comes_back')}"
    elif isinstance(error, TryLater):
        text = f"{text} {words.say('page.retry_in', seconds=error.retry_after)}"
    return Told(text, error.detail if error.code in DETAILED else "", words.say(f"{key}.title"))


def tell_code(kind: str, said: Mapping[str, str], words: Words, limits: Mapping[str, str]) -> Told:
    """Tell a failure or a warning of a job. A code of a newer worker has no sentence here, only its own."""
    key, detail = f"{kind}.{said['code']}", said["detail"]
    if words.language == ENGLISH or not words.has(key):
        return Told(detail)
    sentence = SENTENCES.get(said["code"], "{")
    if kind == "failure":
        return Told(words.say(key, **limits), detail if "{" in sentence else "")
    facts = read_facts(sentence, detail, words.language)
    if facts is None:
        return Told("", detail)
    return Told(words.say(key, **facts), detail if any(facts.get(name) for name in PROSE) else "")


def tell_stored(problem: Problem, words: Words, limits: Mapping[str, str]) -> Told:
    """Tell the problem of a file that became no job."""
    key = f"problem.{problem.code}"
    return Told(words.say(key, **limits) if words.has(key) else problem.detail)
