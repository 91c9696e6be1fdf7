"""Holds each line of standard input against the schema of OCSF that it says it follows.

Prints how many lines of each class there were, and fails with the first errors of each line that is none.
"""

import collections
import json
import sys

import jsonschema
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=sys.argv[1]))
validators = {}
counts = collections.Counter()
wrong = 0


def validator(event):
    key = (event["class_uid"], tuple(event["metadata"].get("profiles", [])))
    if key not in validators:
        name = schemas.lookup_class_name_from_uid(class_uid=key[0])
        schema = schemas.get_class_schema(class_name=name, profiles=list(key[1]))
        validators[key] = jsonschema.Draft202012Validator(schema)
    return validators[key]


for line in sys.stdin:
    event = json.loads(line)
    counts[event["class_uid"]] += 1
    assert event["metadata"]["version"] == sys.argv[1], event["metadata"]
    assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"], event
    errors = list(validator(event).iter_errors(event))
    for error in errors[:3]:
        print(event["metadata"]["event_code"], list(error.path), error.message[:300], file=sys.stderr)
    wrong += bool(errors)

print(json.dumps(counts))
sys.exit(1 if wrong else 0)
