from hypothesis import given
from hypothesis import strategies as st

from clustersim.catalog.entry import Entry, Value, typed_scalar


def test_tree_nests_dotted_fields_and_types_scalars():
    values = {
        "layers": Value("32", "paper, 2024"),
        "gated": Value("true", "paper, 2024"),
        "mixture.experts": Value("8", "paper, 2024"),
        "mixture.router_bias": Value("false", "paper, 2024"),
        "categories.nic.shape": Value("0.75", "paper, 2024"),
        "categories.nic.rate": Value("6.97 per million GPU-hours", "paper, 2024"),
    }
    assert Entry("a", "models", "A", values).tree() == {
        "layers": 32,
        "gated": True,
        "mixture": {"experts": 8, "router_bias": False},
        "categories": {"nic": {"shape": 0.75, "rate": "6.97 per million GPU-hours"}},
    }


def test_tree_is_new_at_each_call():
    entry = Entry("a", "models", "A", {"mixture.experts": Value("8", "paper, 2024")})
    entry.tree()["mixture"]["experts"] = 9
    assert entry.tree() == {"mixture": {"experts": 8}}


def test_scalars_keep_their_type():
    assert [(v, type(v)) for v in map(typed_scalar, ("128", "-1", "1.0", "1e-5", "2.", "true"))] == [
        (128, int),
        (-1, int),
        (1.0, float),
        (1e-5, float),
        (2.0, float),
        (True, bool),
    ]


def test_text_that_only_starts_like_a_number_stays_text():
    for text in ("80 GiB", "81 %", "1,024", "1e", "True", "0x10", "nan", "", "."):
        assert typed_scalar(text) == text


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_survives_being_written_down(number):
    assert typed_scalar(repr(number)) == number
    assert type(typed_scalar(repr(number))) is type(number)
