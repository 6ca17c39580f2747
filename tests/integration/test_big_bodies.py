"""A body that is far too large, over a real connection to a real gunicorn: an answer, not a broken pipe."""

import http.client
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from songban.actors import OFFICER
from songban.story import gateway_of
from tests.support.stack import whole_system

HUNDRED_MEGABYTES = b"x" * 100 * 2**20


@pytest.mark.slow
def test_a_hundred_megabytes_are_refused_with_a_sentence(tmp_path: Path) -> None:
    with whole_system(tmp_path) as stack:
        token = gateway_of(stack).token(OFFICER)
        for bearer, status, code in ((token, 413, "BODY_TOO_LARGE"), ("nobody", 401, "TOKEN_INVALID")):
            place = urlsplit(stack.url("applications"))
            connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
            headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
            connection.request("POST", "/applications", HUNDRED_MEGABYTES, headers)
            answer = connection.getresponse()
            assert (answer.status, json.loads(answer.read())["code"]) == (status, code)
            connection.close()
        page = urlsplit(stack.url("portal"))
        connection = http.client.HTTPConnection(str(page.hostname), page.port, timeout=60)
        connection.request("POST", "/login", HUNDRED_MEGABYTES, {"Content-Type": "application/octet-stream"})
        answer = connection.getresponse()
        assert answer.status in (400, 413)
        assert b"<h1" in answer.read()
        connection.close()
