import json
from collections.abc import Iterator

import pytest

from sourcier_core.errors import DependencyError, DocumentError, RequestError, SourcierError
from sourcier_service.api.error_responses import STATUSES, error_response


def leaves(branch: type[SourcierError]) -> Iterator[type[SourcierError]]:
    children = branch.__subclasses__()
    if not children:
        yield branch
    for child in children:
        yield from leaves(child)


LEAVES = [leaf for leaf in leaves(SourcierError) if leaf.__module__ == "sourcier_core.errors"]


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)
def test_every_error_has_a_status_and_a_code(leaf: type[SourcierError]) -> None:
    assert 400 <= STATUSES[leaf] < 600
    assert leaf.code.islower()


def test_no_two_errors_share_a_code() -> None:
    codes = [leaf.code for leaf in LEAVES]

    assert sorted(codes) == sorted(set(codes))


def test_only_leaves_have_a_status() -> None:
    assert set(STATUSES) == set(LEAVES)


def test_what_the_caller_did_wrong_is_a_4xx_and_what_may_be_mended_elsewhere_a_5xx() -> None:
    own = {"InvalidSettings", "InvalidCalibration"}  # of whoever runs the server, not of the caller
    for leaf, status in STATUSES.items():
        if issubclass(leaf, DependencyError) or leaf.__name__ in own:
            assert status >= 500, leaf
        else:
            assert issubclass(leaf, RequestError | DocumentError)
            assert status < 500, leaf


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (405, "request_error"),
        (413, "request_error"),
        (422, "request_error"),
        (500, "server_error"),
        (503, "server_error"),
    ],
)
def test_one_shape(status: int, kind: str) -> None:
    response = error_response(status, "some_code", "What happened.", "limit")

    assert response.status_code == status
    assert json.loads(bytes(response.body)) == {
        "error": {"type": kind, "code": "some_code", "message": "What happened.", "param": "limit"}
    }


def test_a_401_says_how_to_authenticate_and_a_503_when_to_come_back() -> None:
    assert error_response(401, "c", "m").headers["www-authenticate"] == "Bearer"
    assert int(error_response(503, "c", "m").headers["retry-after"]) > 0
    assert "retry-after" not in error_response(500, "c", "m").headers
