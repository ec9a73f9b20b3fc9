"""What code puts aside and takes up elsewhere: in a global, in options, behind what the language calls by itself."""

from tests.checking import check


def test_a_global_is_what_the_test_has_put_there():
    check("""
    #- app.py
    from prefect import flow
    _current = None
    def install(chosen):
        global _current
        _current = chosen
    def run(): return _current()
    @flow
    def a(): ...
    #   ^ flow: test_a
    @flow
    def b(): ...
    #   ^ flow: test_b
    #- test_app.py
    import app
    def test_a():
        app.install(app.a)
        app.run()
    def test_b():
        app.install(app.b)
        app.run()
    def test_neither(): app.install(app.a)
    """)


def test_options_become_attributes_of_their_names():
    check("""
    #- app.py
    from prefect import task
    class Settings:
        def __init__(self, name, **options):
            self.name = name
            self.__dict__.update(options)
    @task
    def clean(): ...
    #   ^^^^^ task: test_clean
    #- test_app.py
    from app import Settings, clean
    def test_clean(): Settings("x", step=clean, other=1).step()
    def test_other(): Settings("x", step=clean, other=1).other
    """)


def test_an_object_is_asked_for_its_length_its_truth_and_its_text():
    check("""
    #- app.py
    from prefect import task
    @task
    def size(): return 1
    #   ^^^^ task: test_len, test_truth
    @task
    def text(): return ""
    #   ^^^^ task: test_text
    class Batch:
        def __len__(self): return size.fn()
        def __repr__(self): return text.fn()
    #- test_app.py
    from app import Batch
    def test_len(): assert len(Batch()) == 1
    def test_truth(): assert bool(Batch())
    def test_text(): assert str(Batch()) == ""
    def test_nothing(): Batch()
    """)
