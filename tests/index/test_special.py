"""Methods that the language calls by itself: for operators, conditions, loops, builtins and decorators of methods."""

from tests.checking import check


def test_operators_call_the_methods_of_objects():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def equal(): ...
    #   ^^^^^ flow: test_equal, test_unequal
    @flow
    def less(): ...
    #   ^^^^ flow: test_greater, test_less, test_longest, test_sort, test_sorted
    @flow
    def held(): ...
    #   ^^^^ flow: test_in, test_not_in
    @flow
    def added(): ...
    #   ^^^^^ flow: test_added, test_added_in_place
    @flow
    def reflected(): ...
    #   ^^^^^^^^^ flow: test_reflected
    @flow
    def joined(): ...
    #   ^^^^^^ flow: test_joined
    @flow
    def put(): ...
    #   ^^^ flow: test_put
    class Thing:
        def __eq__(self, other): equal()
        def __lt__(self, other): less()
        def __contains__(self, key): held()
        def __add__(self, other): added()
        def __radd__(self, other): reflected()
        def __or__(self, other): joined()
        def __setitem__(self, key, value): put()
    #- test_flows.py
    from flows import Thing
    def test_equal(): assert Thing() == Thing()
    def test_unequal():
        if Thing() != Thing(): ...
    def test_less(): Thing() < Thing()
    def test_greater(): Thing() > Thing()
    def test_sorted(): sorted([Thing(), Thing()])
    def test_sort():
        things = [Thing(), Thing()]
        things.sort()
    def test_longest(): max([Thing(), Thing()])
    def test_in(): assert 1 in Thing()
    def test_not_in(): assert 1 not in Thing()
    def test_added(): Thing() + 1
    def test_added_in_place():
        thing, other = Thing(), 1
        thing += other
    def test_reflected():
        one = 1
        one + Thing()
    def test_joined(): Thing() | 1
    def test_put():
        thing = Thing()
        thing["key"] = 1
    def test_none():
        Thing() is Thing()
        sorted([Thing()], key=len)
    """)


def test_conditions_ask_objects_whether_they_hold():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def true(): ...
    #   ^^^^ flow: test_all, test_assert, test_bool, test_if, test_not, test_while
    @flow
    def length(): ...
    #   ^^^^^^ flow: test_length, test_sized
    class True_:
        def __bool__(self): return true()
    class Sized:
        def __len__(self): return length()
    #- test_flows.py
    from flows import Sized, True_
    def test_if():
        thing = True_()
        if thing: ...
    def test_not(): assert not True_()
    def test_while():
        while True_(): break
    def test_assert(): assert True_()
    def test_bool(): bool(True_())
    def test_all(): all([True_()])
    def test_sized():
        if Sized(): ...
    def test_length(): len(Sized())
    def test_none():
        if True_() is None: ...
    """)


def test_texts_and_loops_ask_objects():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def text(): ...
    #   ^^^^ flow: test_formatted, test_printed, test_str
    @flow
    def shown(): ...
    #   ^^^^^ flow: test_shown
    @flow
    def looped(): ...
    #   ^^^^^^ flow: test_looped, test_summed
    @flow
    def stepped(): ...
    #   ^^^^^^^ flow: test_stepped
    class Text:
        def __str__(self): text()
    class Shown:
        def __repr__(self): shown()
    class Looped:
        def __iter__(self): yield looped()
    class Stepped:
        def __aiter__(self): return self
        async def __anext__(self): return stepped
    #- test_flows.py
    from flows import Looped, Shown, Stepped, Text
    def test_str(): str(Text())
    def test_printed(): print("a", Text())
    def test_formatted(): print(f"a {unknown} {Text()}")
    def test_shown(): print(Shown())
    def test_looped():
        for _ in Looped(): ...
    def test_summed(): sum(Looped())
    async def test_stepped():
        async for step in Stepped(): step()
    """)


def test_what_an_f_string_calls_runs_whatever_stands_before_it():
    check("""
    #- test_flows.py
    from prefect import flow
    @flow
    def etl(): ...
    #   ^^^ flow: test_etl
    def test_etl(tmp_path): print(f"{tmp_path} {etl()}")
    """)


def test_mappings_of_libraries_ask_for_what_is_under_their_keys():
    check("""
    #- flows.py
    from collections.abc import Mapping
    from prefect import flow
    class Registry(Mapping):
        def __init__(self): self._flows = {}
        def register(self, function):
            self._flows[function.__name__] = function
            return function
        def __getitem__(self, name): return self._flows[name]
        def __iter__(self): return iter(self._flows)
        def __len__(self): return len(self._flows)
    registry = Registry()
    @registry.register
    @flow
    def one(): ...
    #   ^^^ flow: test_get, test_items, test_values
    @registry.register
    @flow
    def two(): ...
    #   ^^^ flow: test_items, test_values
    #- test_flows.py
    from flows import registry
    def test_get(): registry.get("one")()
    def test_values():
        for job in registry.values(): job()
    def test_items():
        for name, job in registry.items(): job()
    def test_none(): registry.keys()
    """)


def test_what_stands_in_a_default_or_behind_del_runs():
    check("""
    #- test_flows.py
    import heapq
    from prefect import flow
    @flow
    def etl(): ...
    #   ^^^ flow: test_default, test_del
    @flow
    def queued(): ...
    #   ^^^^^^ flow: test_heap
    def test_default():
        def inner(given=etl()): ...
    def test_del():
        found = {}
        del found[etl()]
    def test_heap():
        waiting = []
        heapq.heappush(waiting, (1, queued))
        heapq.heappop(waiting)[1]()
    """)


def test_a_task_with_a_twin_that_is_awaited_runs_by_who_calls_it():
    check("""
    #- tasks.py
    from prefect import flow, task
    from prefect._internal.compatibility.async_dispatch import async_dispatch
    @task
    async def asend(x): ...
    #         ^^^^^ task: test_aio, test_awaited, ~test_flow_awaited
    @async_dispatch(asend)
    @task
    def send(x): ...
    #   ^^^^ task: test_fn, test_forced, test_plain, ~test_flow
    @task
    @async_dispatch(asend)
    def over(x): ...
    #   ^^^^ task: test_over
    @flow
    def ship(): return send(1)
    #   ^^^^ flow: test_flow
    @flow
    async def aship(): return await send(1)
    #         ^^^^^ flow: test_flow_awaited
    #- test_tasks.py
    from tasks import aship, over, send, ship
    async def test_over(): over(1)
    def test_plain(): send(1)
    async def test_awaited(): await send(1)
    async def test_forced(): send(1, _sync=True)
    async def test_aio(): await send.aio(1)
    def test_fn(): send.fn(1)
    async def test_flow(): ship()
    async def test_flow_awaited(): await aship()
    """)


def test_arithmetic_and_statements_ask_objects():
    check("""
    #- flows.py
    from prefect import task
    @task
    def one(): ...
    #   ^^^ task: test_functions, test_in_place, test_in_place_otherwise, test_larger, test_minus, test_reflected, \
test_sum, test_taken, test_times
    @task
    def two(): ...
    #   ^^^ task: test_descriptor, test_format, test_key, test_negative, test_sure, test_unpacked
    class Step:
        def __mul__(self, times): return one.fn()
        def __rmul__(self, times): return one.fn()
        def __sub__(self, other): return one.fn()
        def __add__(self, other): return one.fn()
        def __radd__(self, other): return one.fn()
        def __ipow__(self, other): return one.fn()
        def __delitem__(self, key): one.fn()
        def __lt__(self, other): return one.fn()
        def __neg__(self): return two.fn()
        def __hash__(self):
            two.fn()
            return 1
        def __iter__(self):
            two.fn()
            return iter([1, 2])
        def __format__(self, how):
            two.fn()
            return ""
    class Place:
        def __set__(self, owner, value): two.fn()
    class Holder:
        place = Place()
    #- test_flows.py
    import operator
    from flows import Holder, Step
    def test_times(): Step() * 3
    def test_reflected(): 3 * Step()
    def test_minus():
        step = Step()
        return step - 1
    def test_negative(): return -Step()
    def test_in_place():
        step = Step()
        step **= 2
    def test_in_place_otherwise():
        step = Step()
        step += 1
    def test_taken():
        step = Step()
        del step["a"]
    def test_sum(): sum([Step(), Step()], Step())
    def test_larger(): max(Step(), Step())
    def test_functions(): operator.mul(Step(), 2)
    def test_key(): return {Step(): 1}
    def test_unpacked(): first, second = Step()
    def test_format(): f"{Step()}"
    def test_descriptor():
        holder = Holder()
        holder.place = 1
    def test_sure(): return -Step() if True else Step() * 2
    def test_numbers():
        count = 1
        count += 1
        return count * 3 - 2
    """)
