"""What is handed on by `*args`, `**options`, `functools.partial` and attributes decides branches, too."""

from tests.checking import check


def test_a_wrapper_hands_on_what_it_was_given():
    check("""
    #- flows.py
    import functools
    from prefect import flow, task
    @task
    def check(): ...
    #   ^^^^^ task: test_dry, test_place, test_retried_dry, test_unknown
    @task
    def save(): ...
    #   ^^^^ task: test_default, test_method, test_retried, test_unknown
    def timed(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)
        return wrapper
    def retrying(times):
        def decorate(function):
            @functools.wraps(function)
            def inner(*args, **kwargs):
                for _ in range(times):
                    try:
                        return function(*args, **kwargs)
                    except OSError:
                        continue
            return inner
        return decorate
    @timed
    def store(dry_run=False):
        if dry_run:
            return check.fn()
        return save.fn()
    @retrying(3)
    @timed
    def load(rows, *, dry_run=False):
        if not dry_run:
            save.fn()
        else:
            check.fn()
    class Store:
        @timed
        def run(self, dry_run=False):
            if dry_run:
                return check.fn()
            return save.fn()
    #- test_flows.py
    import os
    from flows import Store, load, store
    def test_default(): store()
    def test_dry(): store(dry_run=True)
    def test_place(): store(True)
    def test_retried(): load([1])
    def test_retried_dry(): load([1], dry_run=True)
    def test_method(): Store().run()
    def test_unknown(): store(*os.environ)
    """)


def test_containers_that_are_written_out_are_handed_on():
    check("""
    #- flows.py
    from functools import partial
    from prefect import flow, task
    @task
    def save(): ...
    #   ^^^^ task: ~test_both, ~test_computed, ~test_off, ~test_taken, ~test_wet
    @flow
    def etl(dry=False):
    #   ^^^ flow: test_both, test_computed, test_dict, test_maker, test_name, test_off, test_partial, test_places, \
test_taken, test_wet
        if not dry:
            save()
    def options(value): return {"dry": value}
    #- test_flows.py
    from functools import partial
    from flows import etl, options
    def test_dict(): etl(**{"dry": True})
    def test_maker(): etl(**dict(dry=True))
    def test_name():
        given = {"dry": True}
        etl(**given)
    def test_places(): etl(*[True])
    def test_wet(): etl(**{"dry": False})
    def test_taken():
        given = {"dry": True}
        given.pop("dry")
        etl(**given)
    def test_computed(): etl(**options(True))
    def test_partial(): partial(etl, dry=True)()
    def test_off(): partial(etl)()
    def test_both():
        for one in [partial(etl, dry=True), partial(etl, dry=False)]:
            one()
    """)


def test_what_a_function_changes_before_it_hands_it_on_decides_nothing():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def save(): ...
    #   ^^^^ task: ~test_added, ~test_before, ~test_popped, ~test_removed
    @flow
    def etl(dry=False):
    #   ^^^ flow: test_added, test_before, test_kept, test_popped, test_removed
        if not dry:
            save()
    def kept(**given): return etl(**given)
    def popped(**given):
        given.pop("dry")
        return etl(**given)
    def removed(**given):
        del given["dry"]
        return etl(**given)
    def added(**given):
        given["dry"] = bool(given)
        return etl(**given)
    def before(*given):
        given = (False, *given)
        return etl(*given)
    #- test_flows.py
    import flows
    def test_kept(): flows.kept(dry=True)
    def test_popped(): flows.popped(dry=True)
    def test_removed(): flows.removed(dry=True)
    def test_added(): flows.added(dry=True)
    def test_before(): flows.before(True)
    """)


def test_an_object_hands_on_what_it_was_made_with():
    check("""
    #- flows.py
    import argparse
    from dataclasses import dataclass
    from prefect import flow, task
    @task
    def save(): ...
    #   ^^^^ task: ~test_command, ~test_record, ~test_wet
    @flow
    def etl(day="", dry=False):
    #   ^^^ flow: test_command, test_command_dry, test_dry, test_record, test_record_dry, test_wet
        if not dry:
            save()
    class Job:
        def __init__(self, dry=False):
            self.dry = dry
        def run(self):
            return etl("monday", dry=self.dry)
    @dataclass
    class Options:
        day: str
        dry: bool = False
    def start(options):
        return etl(options.day, options.dry)
    def main(argv=None):
        parser = argparse.ArgumentParser()
        parser.add_argument("day")
        parser.add_argument("--dry", action="store_true")
        args = parser.parse_args(argv)
        return start(args)
    #- test_flows.py
    from flows import Job, Options, main, start
    def test_wet(): Job().run()
    def test_dry(): Job(dry=True).run()
    def test_record(): start(Options("monday"))
    def test_record_dry(): start(Options("monday", True))
    def test_command(): main(["monday"])
    def test_command_dry(): main(["monday", "--dry"])
    """)


def test_what_a_function_puts_together_before_it_hands_it_on_decides():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def save(): ...
    #   ^^^^ task: ~test_default, ~test_maybe, ~test_other, ~test_wet
    @flow
    def etl(dry=False, name=""):
    #   ^^^ flow: test_default, test_dry, test_later, test_made, test_maybe, test_or, test_other, test_spread, test_wet
        if not dry:
            save()
    #- test_flows.py
    import os
    from flows import etl
    def updated(**given):
        options = {"dry": True, "name": "all"}
        options.update(given)
        return etl(**options)
    def made(**given):
        options = dict(dry=False)
        options.update(name="all")
        options.update(given)
        return etl(**options)
    def spread(**given): return etl(**{"dry": True, **given})
    def either(**given): return etl(**({"dry": False} | given))
    def maybe(**given):
        options = {"dry": True}
        if os.environ:
            options.update(dry=False)
        return etl(**options)
    def other(**given):
        options = {"dry": True}
        if given:
            options = {"name": "some"}
        options.update(given)
        return etl(**options)
    def test_dry(): updated()
    def test_wet(): updated(dry=False)
    def test_later(): updated(dry=True)
    def test_default(): made()
    def test_made(): made(dry=True)
    def test_spread(): spread(name="some")
    def test_or(): either(dry=True)
    def test_maybe(): maybe()
    def test_other(): other()
    """)


def test_what_a_factory_takes_out_of_its_options_or_puts_into_them_is_known():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def save(): ...
    #   ^^^^ task: ~test_default, ~test_in_turn, ~test_kept_wet, ~test_maybe, ~test_taken
    @flow
    def etl(dry=False, day=""):
    #   ^^^ flow: test_default, test_default_dry, test_dry, test_in_turn, test_kept_dry, test_kept_wet, test_maybe, \
test_popped, test_put, test_taken
        if not dry:
            save()
    def popped(store=None, **given):
        if store is None:
            store = dict(given.pop("store_options", {}))
        options = {"day": "today"}
        options.update(given)
        return etl(**options)
    def taken(**given):
        print(given.pop("dry", None) or 1)
        return etl(**given)
    def maybe(**given):
        if given:
            given.pop("dry")
        return etl(**given)
    def put(**given):
        given["dry"] = True
        given.setdefault("day", "today")
        return etl(**given)
    def default(**given):
        given.setdefault("dry", True)
        return etl(**given)
    def in_turn(**given):
        etl(**given)
        given["dry"] = True
        return etl(**given)
    def kept(**given):
        given = {"day": "today", **given}
        return etl(**given)
    #- test_flows.py
    import flows
    def test_popped(): flows.popped(dry=True)
    def test_taken(): flows.taken(dry=True)
    def test_maybe(): flows.maybe(dry=True)
    def test_put(): flows.put(dry=False)
    def test_default(): flows.default(dry=False)
    def test_default_dry(): flows.default()
    def test_in_turn(): flows.in_turn(dry=False)
    def test_kept_dry(): flows.kept(dry=True)
    def test_kept_wet(): flows.kept()
    def test_dry(): etl = flows.etl; etl(dry=True)
    """)


def test_what_a_function_asks_of_its_options_decides_branches():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def save(): ...
    #   ^^^^ task: test_asked_wet, test_named_wet, test_put_away, test_unknown, ~test_handed_wet
    @flow
    def etl(dry=False):
    #   ^^^ flow: test_handed_dry, test_handed_wet, test_written
        if not dry:
            save()
    def asked(**options):
        if options.get("dry"):
            return
        save.fn()
    def named(**options):
        dry = options.pop("dry", True)
        if not dry:
            save.fn()
    def handed(**options):
        etl(dry=options.get("dry", False))
    def written():
        options = {"dry": True}
        etl(options.get("dry"))
    def put_away(**options):
        options = {}
        if options.get("dry"):
            return
        save.fn()
    #- test_flows.py
    import os
    import flows
    def test_asked_dry(): flows.asked(dry=True)
    def test_asked_wet(): flows.asked()
    def test_named_dry(): flows.named()
    def test_named_wet(): flows.named(dry=False)
    def test_unknown(): flows.named(**os.environ)
    def test_handed_dry(): flows.handed(dry=True)
    def test_handed_wet(): flows.handed()
    def test_written(): flows.written()
    def test_put_away(): flows.put_away(dry=True)
    """)


def test_an_object_is_made_with_what_a_factory_puts_together():
    check("""
    #- flows.py
    from dataclasses import dataclass
    from prefect import task
    @task
    def save(): ...
    #   ^^^^ task: test_record_wet, test_unknown, test_wet
    class Job:
        def __init__(self, day, dry=False):
            self.dry = dry
        def run(self):
            if not self.dry:
                save.fn()
    @dataclass
    class Record:
        day: str
        dry: bool = False
        def run(self):
            if not self.dry:
                save.fn()
    #- test_flows.py
    import os
    import pytest
    from flows import Job, Record
    @pytest.fixture
    def make():
        def made(cls, **given):
            options = {"day": "today", "dry": True}
            options.update(given)
            return cls(**options)
        return made
    def test_dry(make): make(Job).run()
    def test_wet(make): make(Job, dry=False).run()
    def test_record_dry(make): make(Record, day="now").run()
    def test_record_wet(make): make(Record, dry=False).run()
    def test_unknown(make): make(Job, **os.environ).run()
    """)
