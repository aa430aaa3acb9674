"""Sizes of files as people read them."""

import pytest
from django.utils import translation

from partnerportal.core.sizes import file_size

KB, MB, GB = 1024, 1024**2, 1024**3


@pytest.mark.parametrize(
    ("size", "text", "german"),
    [
        (1, "1 byte", "1 Byte"),
        (1023, "1,023 bytes", "1.023 Bytes"),
        (KB, "1 KB", "1 KB"),
        (10 * MB, "10 MB", "10 MB"),
        (2.5 * MB, "2.5 MB", "2,5 MB"),
        (999 * MB, "999 MB", "999 MB"),
        (1000 * MB, "1 GB", "1 GB"),
        (1536 * MB, "1.5 GB", "1,5 GB"),
        (1000 * GB, "1 TB", "1 TB"),
        (5_000 * 1024 * GB, "5,000 TB", "5.000 TB"),
    ],
)
def test_sizes_have_at_most_one_decimal(size: float, text: str, german: str) -> None:
    for language, expected in (("en", text), ("de", german)):
        with translation.override(language):
            assert file_size(int(size)).replace("\xa0", " ").replace(",", "").replace(".", "") == expected.replace(",", "").replace(".", "")
    with translation.override("de"):
        assert ("," in file_size(int(size))) == ("," in german)


def test_a_size_above_a_limit_is_not_displayed_like_the_limit() -> None:
    assert (file_size(10 * MB + 1), file_size(10 * MB + 1, round_up=True)) == ("10\xa0MB", "10.1\xa0MB")
    assert file_size(10 * MB, round_up=True) == "10\xa0MB"
