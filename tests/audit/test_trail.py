"""Writing and verifying the trail."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from prefect_lens.audit.keys import known_keys
from prefect_lens.audit.places import Places
from prefect_lens.audit.sealing import read_head, read_line
from prefect_lens.audit.trail import append, key_of
from prefect_lens.audit.verifying import by_keys, verify

SERVER = Path(__file__).parents[2] / "server"


@pytest.fixture
def places(tmp_path) -> Places:
    return Places(tmp_path / "state", tmp_path / "data")


def verified(places: Places, *expected):
    keys = known_keys(places)
    head = (read_head(places.head.read_bytes(), keys) or "broken") if places.head.exists() else "missing"
    return verify([(one.name, one.read_bytes()) for one in places.segments()], head, by_keys(keys), expected)


def found(places: Places) -> list[str]:
    return [f"{one.where}: {one.what}" for one in verified(places).findings]


def fill(places: Places, count: int, limit: int = 10**9) -> None:
    for number in range(count):
        append(places, {"what": f"thing {number + 1}"}, limit)


def rewrite(places: Places, change) -> None:
    """Change the lines of the first segment as somebody could who has no key."""
    segment = places.segments()[0]
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join(change(lines)))


def test_what_was_written_holds_and_only_its_owner_can_read_it(places):
    fill(places, 5)
    report = verified(places)
    assert (report.count, report.findings, report.notes) == (5, [], [])
    for file in (*places.segments(), places.key, places.head):
        assert file.stat().st_mode & 0o077 == 0, file


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(
            lambda lines: [line.replace(b"thing 3", b"thing X") for line in lines],
            ["trail-00001.jsonl:3: entry 3 has been changed: its seal does not hold"],
            id="changed",
        ),
        pytest.param(
            lambda lines: [*lines[:-1], lines[-1].replace(b"thing 5", b"thing X")],
            ["trail-00001.jsonl:5: entry 5 has been changed: its seal does not hold"],
            id="the last one changed",
        ),
        pytest.param(
            lambda lines: lines[:1] + lines[3:],
            ["trail-00001.jsonl:1: entries 2 to 3 are missing behind this"],
            id="removed",
        ),
        pytest.param(
            lambda lines: lines[1:], ["the beginning: entry 1 is missing behind this"], id="the first removed"
        ),
        pytest.param(
            lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
            ["trail-00001.jsonl:3: entry 2 stands behind entry 3: it has been moved"],
            id="moved",
        ),
        pytest.param(
            lambda lines: [*lines, lines[1]],
            ["trail-00001.jsonl:6: entry 2 stands here for a second time"],
            id="repeated",
        ),
        pytest.param(
            lambda lines: lines[:3],
            ["trail-00001.jsonl: entries 4 to 5 are missing: the end of the trail has been cut off"],
            id="cut",
        ),
        pytest.param(
            lambda lines: [lines[0].replace(b'":', b'": ', 1), *lines[1:]],
            [
                "trail-00001.jsonl:1: this is no entry: it has been changed or put in",
                "the beginning: entry 1 is missing behind this",
            ],
            id="written otherwise",
        ),
        pytest.param(
            lambda lines: [*lines[:2], b"a line of somebody else\n", *lines[2:]],
            ["trail-00001.jsonl:3: this is no entry: it has been changed or put in"],
            id="put in",
        ),
    ],
)
def test_what_was_done_to_it_is_found_and_said_where(places, change, told):
    fill(places, 5)
    rewrite(places, change)
    assert found(places) == told


def test_a_cut_is_found_after_more_was_written(places):
    fill(places, 5)
    rewrite(places, lambda lines: lines[:3])
    append(places, {"what": "the next"})
    assert found(places) == ["trail-00001.jsonl:3: entries 4 to 5 are missing behind this"]


def test_whoever_removes_all_of_it_is_found(places):
    fill(places, 5)
    for segment in places.segments():
        segment.unlink()
    assert found(places) == ["the trail: entries 1 to 5 are missing: the end of the trail has been cut off"]
    places.head.unlink()
    assert found(places) == ["the head: it is missing"]
    append(places, {"what": "the next"})
    (told,) = found(places)
    assert told.endswith("the head was missing when entry 1 was written: an earlier trail may have been removed")


def test_a_head_of_somebody_else_or_of_before_is_found(places):
    fill(places, 2)
    old = places.head.read_bytes()
    fill(places, 2)
    places.head.write_bytes(old)
    assert found(places) == ["the head: it knows of 2 entries and there are 4: it has been put back"]
    places.head.write_bytes(old.replace(b'"count":2', b'"count":4'))
    assert found(places) == ["the head: it is broken"]


def test_what_was_noted_elsewhere_shows_a_trail_that_was_put_back_as_a_whole(places):
    fill(places, 3)
    before = places.segments()[0].read_bytes(), places.head.read_bytes()
    fill(places, 3)
    noted = verified(places).last
    assert verified(places, (noted.number, noted.hash[:16])).holds
    places.segments()[0].write_bytes(before[0])
    places.head.write_bytes(before[1])
    assert verified(places).holds, "nobody can tell by the trail alone"
    (told,) = verified(places, (noted.number, noted.hash[:16])).findings
    assert (told.where, told.what) == ("entry 6", f"is not there; {noted.hash[:16]} was expected")


def test_without_the_key_nothing_is_called_well(places):
    fill(places, 3)
    places.key.unlink()
    assert found(places)[0].startswith(
        "trail-00001.jsonl:1: whether this was changed cannot be said: its key is not here"
    )


def test_rotation_keeps_the_chain(places):
    fill(places, 7, limit=600)
    assert len(places.segments()) > 2
    assert verified(places).holds
    places.segments()[1].unlink()
    (told,) = found(places)
    assert re.fullmatch(r"trail-00001\.jsonl:\d: entr(y|ies) .* missing behind this", told)


@pytest.mark.parametrize("kept", [1, 200, -1])
def test_a_torn_last_line_is_told_and_does_no_harm(places, kept):
    fill(places, 3)
    segment, head = places.segments()[0], places.head.read_bytes()
    before = segment.stat().st_size
    append(places, {"what": "what was not acknowledged"})
    whole = segment.read_bytes()
    segment.write_bytes(whole[: before + kept] if kept > 0 else whole[:kept])
    places.head.write_bytes(head)  # its writer was killed in the middle of the line, before it wrote that
    report = verified(places)
    assert report.holds
    assert report.count == (3 if kept > 0 else 4)
    assert len(report.notes) == 1
    assert append(places, {"what": "the next"}) == (4 if kept > 0 else 5)
    report = verified(places)
    assert (report.holds, report.count) == (True, 4 if kept > 0 else 5)
    assert not (kept > 0 and not report.notes), "a line that nobody can read goes on being told"


def test_a_writer_that_died_before_it_wrote_the_head_has_lost_nothing(places):
    fill(places, 3)
    head = places.head.read_bytes()
    fill(places, 1)
    places.head.write_bytes(head)
    report = verified(places)
    assert (report.holds, len(report.notes)) == (True, 1)
    assert append(places, {"what": "the next"}) == 5
    assert verified(places).holds


WRITER = dedent("""
    import sys
    from pathlib import Path
    from prefect_lens.audit.places import Places
    from prefect_lens.audit.trail import append

    places, name, count = Places(Path(sys.argv[1]), Path(sys.argv[2])), sys.argv[3], int(sys.argv[4])
    for number in range(count):
        print(append(places, {"writer": name, "number": number, "padding": "x" * 500}, limit=64 * 1024), flush=True)
""")


def start_writer(places: Places, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(places.folder), str(places.apart), name, str(count)],
        env={**os.environ, "PYTHONPATH": str(SERVER)},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_a_thousand_entries_of_eight_processes_are_all_there(places):
    writers = [start_writer(places, str(name), 125) for name in range(8)]
    acknowledged = [int(line) for writer in writers for line in writer.communicate(timeout=120)[0].split()]
    assert sorted(acknowledged) == list(range(1, 1001))
    report = verified(places)
    assert (report.count, report.findings, report.notes) == (1000, [], [])
    assert len(places.segments()) > 2


@pytest.mark.slow
def test_killing_writers_loses_nothing_that_was_acknowledged(places):
    acknowledged: set[int] = set()
    for turn in range(6):
        writers = [start_writer(places, f"{turn}-{name}", 10**6) for name in range(2)]
        for writer in writers:
            for _ in range(3 + turn):  # it is in the middle of the next one
                acknowledged.add(int(writer.stdout.readline()))
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
        for writer in writers:
            acknowledged |= {int(line) for line in writer.communicate(timeout=60)[0].split()}
    append(places, {"what": "the last"})
    report = verified(places)
    assert report.findings == []
    numbers = {
        line.number for one in places.segments() for text in one.read_bytes().split(b"\n") if (line := read_line(text))
    }
    assert acknowledged <= numbers


def test_a_fingerprint_is_the_same_for_the_same_value_and_key_alone(places, tmp_path):
    key, other = key_of(places), key_of(Places(tmp_path / "other", tmp_path / "other"))
    assert key.fingerprint("TOKEN", "a") == key.fingerprint("TOKEN", "a")
    told = {
        key.fingerprint("TOKEN", "a"),
        key.fingerprint("TOKEN", "b"),
        key.fingerprint("OTHER", "a"),
        other.fingerprint("TOKEN", "a"),
    }
    assert len(told) == 4
    assert "secret" not in json.dumps(repr(key))
