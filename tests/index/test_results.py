"""What tests have stand-ins give back decides branches and loops."""

from tests.checking import check


def test_what_a_stand_in_gives_decides_what_is_done_with_it():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def extract(): ...
    #   ^^^^^^^ task:
    @task
    def load(rows): ...
    #   ^^^^ task: ~test_may, ~test_odd, ~test_sid, ~test_some
    @task
    def alert(): ...
    #   ^^^^^ task: ~test_def, ~test_lam, ~test_may, ~test_nil, ~test_no, ~test_no1, ~test_odd, ~test_set, ~test_sid
    @flow
    def early():
    #   ^^^^^ flow: test_def, test_lam, test_may, test_nil, test_no, test_no1, test_odd, test_set, test_sid, test_some
        rows = extract()
        if not rows:
            alert()
            return
        load(rows)
    #- test_flows.py
    from unittest.mock import patch
    import flows
    def test_no():
        with patch("flows.extract", return_value=[]): flows.early()
    def test_some():
        with patch("flows.extract", return_value=[1]): flows.early()
    @patch("flows.extract")
    def test_set(extract):
        extract.return_value = []
        flows.early()
    @patch("flows.extract")
    def test_nil(extract):
        extract.return_value = None
        flows.early()
    def test_lam(monkeypatch):
        monkeypatch.setattr(flows, "extract", lambda: None)
        flows.early()
    def test_odd(monkeypatch):
        monkeypatch.setattr(flows, "extract", lambda: 3.5)
        flows.early()
    def test_def(monkeypatch):
        def fake():
            return []
        monkeypatch.setattr(flows, "extract", fake)
        flows.early()
    def test_may(monkeypatch, x):
        def fake():
            if x: return [1]
            return []
        monkeypatch.setattr(flows, "extract", fake)
        flows.early()
    def test_no1():
        with patch("flows.extract", side_effect=lambda: None): flows.early()
    def test_sid():
        with patch("flows.extract", return_value=[], side_effect=[[1]]): flows.early()
    """)


def test_what_a_stand_in_gives_is_known_by_length_in_loops_and_tables():
    check("""
    #- flows.py
    import os
    import pandas as pd
    from prefect import flow, task
    @task
    def extract(): ...
    #   ^^^^^^^ task:
    @task
    def load(rows): ...
    #   ^^^^ task: ~test_direct_true, ~test_found, ~test_loop_some, ~test_table_some
    @task
    def alert(): ...
    #   ^^^^^ task: ~test_direct, ~test_provided
    def ready(): ...
    @flow
    def length():
    #   ^^^^^^ flow: test_length
        rows = extract()
        if len(rows) == 0:
            return
        load(rows)
    @flow
    def table():
    #   ^^^^^ flow: test_table, test_table_some
        rows = extract()
        if rows is None or rows.empty:
            return
        load(rows)
    @flow
    def loop():
    #   ^^^^ flow: test_loop, test_loop_some
        for row in extract():
            load(row)
    @flow
    def direct():
    #   ^^^^^^ flow: test_direct, test_direct_true
        if not ready():
            return alert()
        load(1)
    @flow
    def submitted():
    #   ^^^^^^^^^ flow: test_submitted
        future = extract.submit()
        rows = future.result()
        if rows:
            load(rows)
    @flow
    def found(path):
    #   ^^^^^ flow: test_found, test_lost
        if not os.path.exists(path):
            raise FileNotFoundError
        load(path)
    def get_provider(): ...
    @flow
    async def provided():
    #         ^^^^^^^^ flow: test_provided
        rows = await get_provider().fetch()
        if rows is None:
            alert()
            raise ValueError
        load(rows)
    #- test_flows.py
    from unittest.mock import AsyncMock, patch
    import pandas as pd
    import pytest
    import flows
    def test_length(mocker):
        mocker.patch("flows.extract", return_value=[])
        flows.length()
    def test_table():
        with patch("flows.extract", return_value=pd.DataFrame()): flows.table()
    def test_table_some():
        with patch("flows.extract", return_value=pd.DataFrame({"a": [1]})): flows.table()
    def test_loop():
        with patch("flows.extract", return_value=[]): flows.loop()
    def test_loop_some():
        with patch("flows.extract", return_value=[1]): flows.loop()
    def test_direct():
        with patch("flows.ready", return_value=False): flows.direct()
    def test_direct_true():
        with patch("flows.ready", return_value=True): flows.direct()
    def test_submitted():
        with patch("flows.extract") as m:
            m.submit.return_value.result.return_value = []
            flows.submitted()
    @patch("os.path.exists", return_value=False)
    def test_lost(exists):
        with pytest.raises(FileNotFoundError): flows.found("path")
    @patch("os.path.exists", return_value=True)
    def test_found(exists): flows.found("path")
    async def test_provided():
        provider = AsyncMock()
        provider.fetch = AsyncMock(return_value=None)
        with patch("flows.get_provider", return_value=provider): await flows.provided()
    """)


def test_what_is_behind_a_continue_or_a_handler_that_returns_does_not_run():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def fetch(url): ...
    #   ^^^^^ task:
    @task
    def parse(page): ...
    #   ^^^^^ task: ~test_good, ~test_some
    @task
    def save(pages): ...
    #   ^^^^ task: ~test_bad, ~test_good, ~test_none, ~test_some, ~test_stopped
    @flow
    def crawl(urls):
    #   ^^^^^ flow: test_none, test_some
        pages = []
        for url in urls:
            page = fetch(url)
            if page is None:
                continue
            pages.append(parse(page))
        save(pages)
    @flow
    def search(urls):
    #   ^^^^^^ flow: test_stopped
        for url in urls:
            if not fetch(url):
                break
            parse(url)
        save(urls)
    @flow
    def careful():
    #   ^^^^^^^ flow: test_bad, test_good
        try:
            page = fetch("url")
        except OSError:
            save(None)
            return
        parse(page)
    #- test_flows.py
    from unittest.mock import patch
    from flows import careful, crawl, search
    def test_none():
        with patch("flows.fetch", return_value=None): crawl(["a"])
    def test_some():
        with patch("flows.fetch", return_value="page"): crawl(["a"])
    def test_stopped():
        with patch("flows.fetch", return_value=""): search(["a"])
    def test_bad():
        with patch("flows.fetch", side_effect=OSError): careful()
    def test_good():
        with patch("flows.fetch", return_value="page"): careful()
    """)


def test_a_mock_that_nobody_told_anything_is_true_and_empty():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def fetch(): ...
    #   ^^^^^ task:
    @task
    def save(x): ...
    #   ^^^^ task: ~test_asked, ~test_client, ~test_client_rows, ~test_dotted, ~test_etl, ~test_given, ~test_side
    @task
    def alert(): ...
    #   ^^^^^ task: ~test_asked, ~test_client_no, ~test_client_rows, ~test_dotted, ~test_given, ~test_side, ~test_table
    class Client:
        def exists(self): ...
        def rows(self): ...
    @flow
    def etl():
    #   ^^^ flow: test_asked, test_etl, test_given, test_side
        rows = fetch()
        if not rows:
            alert()
            return
        save(rows)
    @flow
    def table():
    #   ^^^^^ flow: test_table
        rows = fetch()
        if rows.empty:
            return alert()
        save(rows)
    @flow
    def client():
    #   ^^^^^^ flow: test_client, test_client_no, test_client_rows, test_dotted
        c = Client()
        if c.exists():
            return save(1)
        for row in c.rows():
            save(row)
        alert()
    @flow
    def loop():
    #   ^^^^ flow: test_loop
        for row in fetch(): save(row)
    #- test_flows.py
    from unittest.mock import patch
    import flows
    def test_etl():
        with patch("flows.fetch"): flows.etl()
    def test_table():
        with patch("flows.fetch"): flows.table()
    def test_loop():
        with patch("flows.fetch"): flows.loop()
    def test_side():
        with patch("flows.fetch") as m:
            m.side_effect = [[], [1]]
            flows.etl()
    def test_given(tmp_path):
        with patch("flows.fetch", return_value=tmp_path): flows.etl()
    def test_asked(tmp_path):
        with patch("flows.fetch") as m:
            m.return_value = tmp_path
            flows.etl()
    def test_client():
        with patch("flows.Client"): flows.client()
    def test_client_no():
        with patch("flows.Client") as m:
            m.return_value.exists.return_value = False
            flows.client()
    def test_client_rows():
        with patch("flows.Client") as m:
            m.return_value.exists.return_value = False
            m.return_value.rows.return_value = [1]
            flows.client()
    def test_dotted():
        with patch("flows.Client", **{"return_value.exists.return_value": False}) as m: flows.client()
    """)


def test_what_a_step_gives_on_decides_as_if_the_step_were_stood_in_for():
    check("""
    #- client.py
    class Client:
        def fetch(self): ...
    def count(): ...
    #- flows.py
    import client
    from prefect import flow, task
    @task
    def extract(day):
    #   ^^^^^^^ task: ~test_mapped, ~test_never, ~test_no, ~test_some, ~test_state
        rows = client.Client().fetch()
        return rows
    @task
    def size():
    #   ^^^^ task: ~test_late, ~test_submitted, ~test_waiting
        return counted()
    def counted():
        return client.count()
    @task
    def either(a):
    #   ^^^^^^ task: ~test_either
        if a:
            return 5
        return client.count()
    @task
    def load(rows): ...
    #   ^^^^ task: ~test_either, ~test_some, ~test_state
    @flow
    def early(day):
    #   ^^^^^ flow: test_never, test_no, test_some
        rows = extract(day)
        if not rows:
            return
        load(rows)
    @flow
    def state(day):
    #   ^^^^^ flow: test_state
        if extract(day, return_state=True):
            load(day)
    @flow
    def mapped(days):
    #   ^^^^^^ flow: test_mapped
        rows = extract(days)
        if len(rows) == 0:
            return
        load(days)
    @flow
    def submitted():
    #   ^^^^^^^^^ flow: test_late, test_submitted
        future = size.submit()
        rows = future.result()
        if rows == 0:
            return
        load(rows)
    @flow
    def waiting():
    #   ^^^^^^^ flow: test_waiting
        rows = size.submit().result()
        if rows == 0:
            return
        load(0)
    @flow
    def may(a):
    #   ^^^ flow: test_either
        if either(a) == 0:
            return
        load(0)
    #- test_flows.py
    from unittest.mock import patch
    import flows
    def test_no():
        with patch("client.Client.fetch", return_value=[]): flows.early(1)
    def test_some():
        with patch("client.Client.fetch", return_value=[1]): flows.early(1)
    def test_never():
        with patch("client.count", return_value=[]): flows.early(1)
    def test_state():
        with patch("client.Client.fetch", return_value=[]): flows.state(1)
    def test_mapped(monkeypatch):
        monkeypatch.setattr("client.Client.fetch", lambda self: [])
        flows.mapped([1])
    @patch("client.count")
    def test_submitted(count):
        count.return_value = 0
        flows.submitted()
    def test_late(monkeypatch):
        monkeypatch.setattr("client.count", lambda: 0)
        flows.submitted()
    def test_waiting(monkeypatch):
        monkeypatch.setattr("client.count", lambda: 0)
        flows.waiting()
    def test_either():
        with patch("client.count", return_value=0): flows.may(1)
    """)


def test_what_gives_something_in_any_case_keeps_the_default_out():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def load(): return {}
    #   ^^^^ task: test_default, test_generated, test_maybe, test_nothing
    def build(rows): return {"rows": rows}
    @task
    def built(rows):
    #   ^^^^^ task: test_task
        if not rows:
            return {"rows": []}
        return {"rows": rows}
    def maybe(rows):
        if rows:
            return {"rows": rows}
    def nothing(rows):
        if not rows:
            return {}
        return {"rows": rows}
    def generated(rows): yield {"rows": rows}
    def run(data=None):
        data = data or load.fn()
        return data
    #- test_flows.py
    from flows import build, built, generated, maybe, nothing, run
    def test_built():
        data = build([])
        run(data)
    def test_written(): run(data=build([]))
    def test_task(): run(built.fn([]))
    def test_maybe(): run(maybe([]))
    def test_nothing(): run(nothing([]))
    def test_generated(): run(*generated([]))
    def test_default(): run()
    """)


def test_what_gives_one_constant_decides_branches():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def one(): ...
    #   ^^^ task: ~test_named, ~test_patched, ~test_put, ~test_state, ~test_submitted, ~test_tested, ~test_varies
    @task
    def other(): ...
    #   ^^^^^ task: ~test_patched, ~test_put, ~test_state, ~test_submitted, ~test_varies
    @task
    def choose():
    #   ^^^^^^ task: ~test_named, ~test_state, ~test_submitted
        chosen = "one"
        return chosen
    def is_off(): return False
    def varies(x):
        if x:
            return True
        return False
    def once(x):
        for _ in x:
            return True
    @flow
    def named():
    #   ^^^^^ flow: test_named, test_patched, test_put
        chosen = choose()
        if chosen == "one":
            one()
        else:
            other()
    @flow
    def tested():
    #   ^^^^^^ flow: test_tested
        if is_off():
            other()
        else:
            one()
    @flow
    def state():
    #   ^^^^^ flow: test_state
        chosen = choose(return_state=True)
        if chosen == "one":
            one()
        other()
    @flow
    def submitted():
    #   ^^^^^^^^^ flow: test_submitted
        chosen = choose.submit()
        if chosen == "two":
            one()
        other()
    @flow
    def varying(x):
    #   ^^^^^^^ flow: test_varies
        if varies(x):
            one()
        elif not once(x):
            other()
    #- test_flows.py
    from unittest.mock import patch
    import flows
    def test_named(): flows.named()
    def test_tested(): flows.tested()
    def test_state(): flows.state()
    def test_submitted(): flows.submitted()
    def test_varies(given): flows.varying(given)
    def test_patched():
        with patch.object(flows.choose, "fn", lambda: input()): flows.named()
    def test_put(monkeypatch):
        monkeypatch.setattr(flows, "choose", lambda: input())
        flows.named()
    """)


def test_what_a_comprehension_makes_may_be_empty():
    check("""
    #- flows.py
    from prefect import task
    @task
    def load(): return {}
    #   ^^^^ task: test_comprehension, test_spread
    def comprehension(rows): return {key: value for key, value in rows}
    def spread(rows): return {**rows}
    def more(rows): return {"a": 1, **rows}
    def run(data=None):
        data = data or load.fn()
        return data
    #- test_flows.py
    import flows
    def test_comprehension(): flows.run(flows.comprehension([]))
    def test_spread(): flows.run(flows.spread({}))
    def test_more(): flows.run(flows.more({}))
    """)
