from flows.report import nightly_report, render


def test_the_report_ranks_customers(day):
    assert nightly_report(day) == "ada: 15.00\ngrace: 7.00"


def test_rendering():
    assert render.fn({"ada": 10.0}, 2.0) == "ada: 5.00"
