"""Whoever waits for an answer goes before whoever works ahead."""

import threading

from prefect_lens.index.turns import Turns

LONG = 30.0


def test_who_waits_goes_before_who_is_patient():
    turns, order = Turns(), []
    patient = turns.patiently()

    def work_ahead():
        for number in range(3):
            with patient:
                order.append(number)
                if number == 0:
                    asker.start()
                while number == 0 and not turns.is_wanted:
                    pass

    def ask():
        with turns:
            order.append("asked")

    asker, worker = threading.Thread(target=ask), threading.Thread(target=work_ahead)
    worker.start()
    worker.join(LONG)
    asker.join(LONG)
    assert order == [0, "asked", 1, 2]


def test_between_two_turns_of_one_question_only_the_impatient_have_one():
    turns, order, goes_on = Turns(), [], threading.Event()
    patient = turns.patiently()

    def wait_patiently():
        with patient:
            order.append("patient")

    def wait():
        with turns:
            order.append("other")
            goes_on.set()

    threads = [threading.Thread(target=wait_patiently), threading.Thread(target=wait)]
    with turns.asking():
        for thread in threads:
            thread.start()
        assert goes_on.wait(LONG)
        with turns:
            order.append("again")
    for thread in threads:
        thread.join(LONG)
    assert order == ["other", "again", "patient"]


def test_one_who_has_it_may_take_it_again_whoever_waits():
    turns = Turns()
    patient = turns.patiently()
    waiting = threading.Thread(target=turns.__enter__)
    with patient:
        waiting.start()
        while not turns.is_wanted:
            pass
        with patient, turns, patient:
            pass
    waiting.join(LONG)
    assert not waiting.is_alive()


def test_stepping_aside_waits_for_those_who_ask():
    turns, stepped = Turns(), threading.Event()
    turns.step_aside()
    with turns.asking():
        thread = threading.Thread(target=lambda: (turns.patiently().step_aside(), stepped.set()))
        thread.start()
        assert not stepped.is_set()
    assert stepped.wait(LONG)
