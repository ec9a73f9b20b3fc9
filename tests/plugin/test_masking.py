"""No form of a secret is left in a text, and nothing else is touched."""

import base64
import html
import json
import pprint
import textwrap
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pytest_prefect_lens.masking import LEAST, Masker, can_be_masked
from pytest_prefect_lens.wire import CaseRecord, ExceptionRecord, Failure, Finished, TestId

SECRET = 's3cr/t+"käy"=\\w<&>x'
FORMS = {
    "as it is": str,
    "JSON": json.dumps,
    "JSON that is all text": lambda value: json.dumps(value, ensure_ascii=False),
    "JSON in JSON": lambda value: json.dumps(json.dumps({"a": value})),
    "repr": repr,
    "ascii": ascii,
    "URL": quote,
    "URL, all of it": lambda value: quote(value, safe=""),
    "form": quote_plus,
    "URL in small letters": lambda value: quote(value, safe="").lower(),
    "HTML": html.escape,
    "hex": lambda value: value.encode().hex(),
    "hex in capitals": lambda value: value.encode().hex().upper(),
    **{
        f"base64 behind {before} bytes": lambda value, before=before: base64.b64encode(
            b"x" * before + value.encode()
        ).decode()
        for before in range(4)
    },
    "base64 for URLs": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "base64 in lines": lambda value: base64.encodebytes(b"user:" * 14 + value.encode()).decode(),
    "lines": lambda value: "\n".join(textwrap.wrap(value, 4)),
    "pytest's lines": lambda value: "\nE       ".join(textwrap.wrap(value, 5)),
    "a frame": lambda value: "│ " + " │\n│ ".join(textwrap.wrap(value, 5)) + " │",
    "Windows lines": lambda value: "\r\n".join(textwrap.wrap(value, 4)),
    "colours": lambda value: value[:5] + "\x1b[31m" + value[5:] + "\x1b[0m",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_form_of_a_secret_is_masked(form):
    shown = f"before {FORMS[form](SECRET)} after"
    text = Masker([SECRET]).mask(shown)
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert "***" in text
    assert len(text) <= len(shown) - len(SECRET) + len("***"), text


def test_a_sentence_that_was_printed_in_pieces_is_masked():
    secret = "correct horse battery staple and more of them"
    text = pprint.pformat({"key": secret, "other": 1}, width=20)
    assert secret not in text
    assert Masker([secret]).mask(text).count("***") == 1
    assert not any(word in Masker([secret]).mask(text) for word in secret.split() if len(word) > 3)


def test_what_is_left_of_a_long_secret_is_masked():
    secret = base64.b64encode(bytes(range(200))).decode()
    mask = Masker([secret]).mask
    assert mask(f"token '{secret[:40]}...{secret[-40:]}' was refused") == "token '***...***' was refused"
    assert mask(f"a {json.dumps([secret])[:60]}") == 'a ["***'


def test_the_lines_of_a_key_are_masked_one_by_one():
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nw0BAQEFAASCBKcwggSj\n-----END KEY-----\n"
    mask = Masker([key]).mask
    assert mask(f"key={key}!") == "key=***\n!"
    assert mask("at w0BAQEFAASCBKcwggSj of it") == "at *** of it"
    assert mask(repr(key)) == "'***'"


def test_overlapping_secrets_are_masked_whole():
    assert Masker(["abcdefgh", "efghijkl", "abcdef"]).mask("<abcdefghijkl>") == "<***>"
    assert Masker(["abcdefgh"]).mask("abcdefghabcdefgh") in ("***", "******")


def test_a_text_without_a_secret_stays_as_it_is():
    text = "line one\nE   assert 'a' == 'b'\n\n  | x\n" * 100
    assert Masker([SECRET]).mask(text) == text
    assert Masker([]).mask(SECRET) == SECRET


def test_a_value_that_is_too_short_is_not_masked():
    assert not can_be_masked("12345")
    assert not can_be_masked("'123'\n")
    assert Masker(["12345"]).mask("12345") == "12345"


PARTS = st.text("abc \n\"'|E\t\\%äx1\x1b[", max_size=30)


@settings(max_examples=300, deadline=None)
@given(before=PARTS, secret=st.text("abc \n\"'|\\%äX1", min_size=LEAST, max_size=40), after=PARTS)
@example(before="", secret="a\nbcdefg", after="")
def test_no_secret_outlives_masking_and_what_is_around_it_stays(before, secret, after):
    if not can_be_masked(secret):
        return
    text = Masker([secret]).mask(f"{before}#{secret}#{after}")
    assert secret.strip(" \n\"'|\\") not in text
    if secret not in before + after and secret[:6] not in before + after:
        assert "#" in text


def test_a_message_keeps_what_it_names_things_by():
    test = TestId("/flows/secret-orders.py", ("test_secret-orders",), "secret-orders")
    failure = Failure("call", ExceptionRecord("ValueError", "no secret-orders"), "secret-orders")
    message = Finished(CaseRecord(test, "failed", 0.1, failures=(failure,), sections=(("out", "secret-orders"),)))
    case = Masker(["secret-orders"]).masked(message).case
    assert case.test == TestId(test.path, test.names, "***")
    assert case.failures == (Failure("call", ExceptionRecord("ValueError", "no ***"), "***"),)
    assert case.sections == (("out", "***"),)
