from clustersim.bill._text import number


def test_signs_of_units():
    assert number(60e6, "USD") == "$60M"
    assert number(0.923, "fraction") == "92.3 %"
    assert number(5.0, "s") == "5"
