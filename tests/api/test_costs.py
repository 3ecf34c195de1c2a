"""What no conversion can do in its time is refused with the upload, and every format tells its pace."""

import pytest

from core.formats import TARGETS
from tests.api.live import PNG, Live

HUGE = {"width": "7000", "height": "7000", "fit": "fill", "enlarge": "true", "effort": "9"}


@pytest.mark.parametrize("call", ["/v1/jobs", "/v1/convert", "/v1/batches"])
def test_a_result_that_takes_far_too_long_is_refused_at_once(shared: Live, call: str) -> None:
    files = {"file": ("dot.png", PNG)}
    answer = shared.http.post(call, files=files, data={"target_format": "avif", **HUGE})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "bad_option")
    (error,) = problem["errors"]
    assert error["field"] == "effort"
    assert error["detail"] == (
        "7000 x 7000 pixels with effort 9 would take about 458 seconds of processor time; a job may take 60. "
        "Make the image smaller (about 6.4 megapixels fit), or give effort 4 or less."
    )


@pytest.mark.parametrize(
    "options",
    [
        HUGE | {"effort": "4"},
        HUGE | {"width": "3000", "height": "3000"},
        HUGE | {"fit": "inside"},
        {name: value for name, value in HUGE.items() if name != "enlarge"},
    ],
)
def test_what_may_have_time_is_taken(shared: Live, options: dict[str, str]) -> None:
    answer = shared.http.post("/v1/jobs", files={"file": ("dot.png", PNG)}, data={"target_format": "avif", **options})
    assert answer.status_code == 202, answer.text


def test_the_form_tells_it_in_its_own_words(shared: Live) -> None:
    files = {"file": ("dot.png", PNG)}
    answer = shared.http.post("/jobs", files=files, data={"target_format": "avif", **HUGE})
    assert answer.status_code == 422
    assert "takes far too long with this effort" in answer.text


def test_every_target_tells_its_pace(shared: Live) -> None:
    written = shared.http.get("/v1/formats").json()["write"]
    assert {target["name"] for target in written} <= {fmt.name for fmt in TARGETS}
    for target in written:
        efforts = 10 if "effort" in target["options"] else 1
        assert len(target["megapixel_seconds"]) == efforts
        assert bool(target["megapixel_seconds_lossless"]) == ("lossless" in target["options"])
