"""What schemathesis is told about our GraphQL API: how its scalars look, and what counts as a failure.

An answer may be an error, as long as it has a code that tells the caller what to do: most of what a fuzzer asks is
nonsense. A failure is an answer of 500, an error without a code, the code INTERNAL, or an answer that is not JSON.
"""

import os

import schemathesis
from hypothesis import strategies as st
from schemathesis import graphql
from schemathesis.graphql import nodes

times = st.one_of(
    st.datetimes().map(lambda time: time.isoformat() + "Z"),
    st.text(max_size=40),
)
# Ids of things that are there, so that questions get as far as the read models.
known = os.environ.get("RETRACE_IDS", "").split() or ["0"]
ids = st.one_of(st.sampled_from(known), st.text(max_size=40))
graphql.scalar("ID", ids.map(nodes.String))
graphql.scalar("DateTime", times.map(nodes.String))
graphql.scalar("Position", st.integers(-1, 2**64).map(str).map(nodes.String))
graphql.scalar("Long", st.integers(-(2**63), 2**63 - 1).map(nodes.Int))
graphql.scalar("JSON", st.text(max_size=20).map(nodes.String))


@schemathesis.check
def errors_tell_what_to_do(ctx, response, case):
    assert response.status_code < 500, f"{response.status_code}: {response.text[:500]}"
    answer = response.json()
    for error in answer.get("errors") or []:
        code = (error.get("extensions") or {}).get("code")
        assert code is not None, f"an error without a code: {error}"
        assert code != "INTERNAL", f"something failed on the server: {error}"
