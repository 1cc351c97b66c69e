"""The published API descriptions, adapted to what the contract says beyond them."""

from pathlib import Path

import yaml

FIXTURES = Path(__file__).resolve().parents[2] / "Fixtures/openapi"

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri"}, "title": {"type": "string"}, "detail": {"type": "string"},
        "instance": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "invalid_parameters": {"type": "array", "minItems": 1, "items": {
            "type": "object", "required": ["name", "reason"],
            "properties": {"name": {"type": "string"}, "reason": {"type": "string", "minLength": 1}}}},
    },
}


def load(name):
    return resolve(yaml.safe_load((FIXTURES / name).read_text()))


def resolve(node):
    """Puts what other files hold in its place."""
    if isinstance(node, dict):
        reference = node.get("$ref", "")
        if ".yml#" in reference:
            file, path = reference.split("#/")
            target = yaml.safe_load((FIXTURES / file).read_text())
            for step in path.split("/"):
                target = target[step]
            return inline(target)
        return {key: resolve(value) for key, value in node.items()}
    return [resolve(item) for item in node] if isinstance(node, list) else node


def inline(node):
    """The common file refers to its own `instance`."""
    if isinstance(node, dict):
        if node.get("$ref", "").endswith("/instance"):
            return {"type": "string"}
        return {key: inline(value) for key, value in node.items()}
    return [inline(item) for item in node] if isinstance(node, list) else node


def add_errors(document, codes):
    """The error answers of auth §5; the descriptions list few of them."""
    answer = {"description": "Problem", "content": {"application/json": {"schema": PROBLEM}}}
    for methods in document["paths"].values():
        for method, operation in methods.items():
            if method in ("get", "put", "post", "delete", "patch"):
                for code in codes:
                    operation["responses"][str(code)] = answer


def voice():
    document = load("voice.yml")
    document["paths"] = {"/v1/calls" + path.rstrip("/"): item for path, item in document["paths"].items()}
    document["servers"] = []
    add_errors(document, [400, 401, 403, 404, 405, 406, 413, 415])
    schemas = document["components"]["schemas"]
    # A slip of the description: unmute lists the word mute (voice-api §5).
    schemas["UpdateCallRequestUnmute"]["properties"]["action"]["enum"] = ["unmute"]
    for name in ("Hangup", "Mute", "Unmute", "Earmuff", "Unearmuff"):
        schemas["UpdateCallRequest" + name]["required"] = ["action"]
    # What is dialled stays on this machine, where nobody answers.
    schemas["AddressSip"].update(pattern=r"^sip:[a-z0-9]{1,12}@127\.0\.0\.[2-9]$", example="sip:nobody@127.0.0.9")
    # `CON-` and a UUID, which is no bare one; times are ISO 8601 as in recorded answers (voice-api §4).
    schemas["conversation_uuid"] = {"type": "string", "pattern": "^CON-[0-9a-f-]{36}$"}
    for name in ("start_time", "end_time"):
        schemas[name] = {"type": "string", "format": "date-time"}
    schemas["direction"]["enum"] = ["outbound", "inbound"]
    for name, keys in (("GetCallResponse", ("uuid", "conversation_uuid", "to", "status", "direction", "_links")),
                       ("CreateCallResponse", ("uuid", "conversation_uuid", "status", "direction")),
                       ("GetCallsResponse", ("count", "page_size", "record_index", "_links", "_embedded"))):
        schemas[name]["required"] = list(keys)
    # Real-time DTMF is newer than the description (voice-api §1).
    talk = document["paths"]["/v1/calls/{uuid}/talk"]
    document["paths"]["/v1/calls/{uuid}/input/dtmf"] = {
        "parameters": talk["parameters"],
        "put": {**talk["put"], "operationId": "startDTMFEvents", "requestBody": {
            "required": True, "content": {"application/json": {"schema": {
                "type": "object", "required": ["event_url"],
                "properties": {"event_url": {"type": "array", "items": {"type": "string"}}}}}}}},
        "delete": {**talk["delete"], "operationId": "stopDTMFEvents"},
    }
    return document


def applications():
    document = load("application.v2.yml")
    document["paths"] = {"/v2/applications" + path.rstrip("/"): item for path, item in document["paths"].items()}
    document["servers"] = []
    # 409: declared in the configuration file (contract README 21).
    add_errors(document, [400, 401, 404, 405, 406, 409, 413, 415])
    # 201 for a new one, as the published SDKs' recordings have it.
    for methods in document["paths"].values():
        if "post" in methods and "200" in methods["post"]["responses"]:
            methods["post"]["responses"].setdefault("201", methods["post"]["responses"]["200"])
    return document
