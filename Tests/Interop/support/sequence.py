"""What the requests of one leg have to be: each in its place, each field by name, type and value, and no field more."""

import re


class Text:
    """A text of a pattern."""

    def __init__(self, pattern):
        self.pattern = pattern

    def __repr__(self):
        return f"/{self.pattern}/"


UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
STAMP = Text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
CONVERSATION = Text(f"CON-{UUID}")
SECONDS = Text(r"\d+")

ANSWERED = {"start_time": None, "rate": None, "network": None}


def completed(by, code=200):
    return {
        "start_time": STAMP, "end_time": STAMP, "duration": SECONDS, "rate": "0.00", "price": "0", "network": None,
        "sip_code": code, "disconnected_by": by}


def faults(wanted, got, path=""):
    """How a value differs from what was wanted; 1, 1.0 and True are different values."""
    if isinstance(wanted, Text):
        if not isinstance(got, str) or not re.fullmatch(wanted.pattern, got):
            yield f"{path} is {got!r}, not {wanted}"
    elif isinstance(wanted, dict) and isinstance(got, dict):
        for key in wanted.keys() - got.keys():
            yield f"{path}/{key} is missing"
        for key in got.keys() - wanted.keys():
            yield f"{path}/{key} is too much: {got[key]!r}"
        for key in wanted.keys() & got.keys():
            yield from faults(wanted[key], got[key], f"{path}/{key}")
    elif isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        for index, pair in enumerate(zip(wanted, got)):
            yield from faults(*pair, f"{path}/{index}")
    elif type(wanted) is not type(got) or wanted != got:
        yield f"{path} is {got!r}, not {wanted!r}"


class Leg:
    """One leg's requests as the contract has them, in order; known by its direction and whom it calls."""

    def __init__(self, name, direction, caller, callee, headers=None, reference=None):
        self.name, self.direction, self.caller, self.callee = name, direction, caller, callee
        # What its client calls it, on every status event.
        self.references = {"client_ref": reference, "client_reference": reference} if reference else {}
        self.headers = headers or {}
        self.wanted = []            # (label, method, path, a function of uuid and conversations that gives the fields)
        self.path = "/event"

    def told(self, status, path=None, call_uuid=False, moved=0, **fields):
        """A status event. `moved`: how often the leg has moved into another conversation before."""
        def make(uuid, conversations):
            event = {
                "headers": self.headers, "from": self.caller, "to": self.callee, "uuid": uuid,
                "conversation_uuid": conversations[moved], "status": status, "direction": self.direction,
                "timestamp": STAMP, **self.references, **fields}
            return {**event, "call_uuid": uuid} if call_uuid else event
        self.wanted.append((status, "POST", path or self.path, make))
        return self

    def asked(self, path, endpoint, region, method="GET", moved=0, user=None, **fields):
        """A request for a script. `user`: the app user who calls."""
        sender = {"from_user": user} if user else {"from": self.caller}
        self.wanted.append((path, method, path, lambda uuid, conversations: {
            **sender, "to": self.callee, "uuid": uuid, "conversation_uuid": conversations[moved],
            "endpoint_type": endpoint, "region_url": region, **fields}))
        return self

    def moves(self, moved=0):
        self.wanted.append(("transfer", "POST", self.path, lambda uuid, conversations: {
            "type": "transfer", "uuid": uuid, "conversation_uuid_from": conversations[moved],
            "conversation_uuid_to": conversations[moved + 1], "timestamp": STAMP}))
        return self

    def answered(self, **options):
        return self.told("answered", **ANSWERED, **options)

    def completed(self, by, **options):
        return self.told("completed", **completed(by), **options)

    def began(self, request):
        fields = request.fields or {}
        return (fields.get("status"), fields.get("direction"), fields.get("to")) == ("started", self.direction, self.callee)

    def check(self, requests):
        """Its requests are these, and their instants make sense."""
        labels = [(request.fields.get("status") or request.fields.get("type") or request.path) for request in requests]
        assert labels == [
            "transfer" if label == "transfer" else label for label, *_ in self.wanted], f"{self.name}: {requests}"
        uuid = requests[0].fields["uuid"]
        conversations = [requests[0].fields["conversation_uuid"]]
        conversations += [r.fields["conversation_uuid_to"] for r in requests if r.fields.get("type") == "transfer"]
        assert len(set(conversations)) == len(conversations)
        for conversation in conversations:
            assert not list(faults(CONVERSATION, conversation))
        assert not list(faults(Text(UUID), uuid))
        found = []
        for (label, method, path, make), request in zip(self.wanted, requests):
            place = f"{self.name} {label}"
            if (request.method, request.path) != (method, path):
                found.append(f"{place}: {request.method} {request.path}, not {method} {path}")
            found += [f"{place}: {fault}" for fault in faults(make(uuid, conversations), request.fields)]
        assert not found, "\n".join(found)
        stamps = [request.fields["timestamp"] for request in requests if "timestamp" in request.fields]
        assert stamps == sorted(stamps), f"{self.name}: {stamps}"
        for request in requests:
            if request.fields.get("status") == "completed":
                answered = next(r.fields for r in requests if r.fields.get("status") == "answered")
                assert request.fields["start_time"] == answered["timestamp"]
                assert request.fields["end_time"] == request.fields["timestamp"]


def check(box, backend, *legs, order=None):
    """The voice requests that came are those of the legs, all of them and nothing else.

    `order`: "A started", "B ringing" … over all legs, where the contract promises it.
    """
    def mine(request):
        return request.path != "/rtc"

    # One that could not be connected is an error event besides.
    failing = [leg for leg in legs if leg.direction == "outbound" and leg.wanted[-1][0] == "failed"]
    wanted = sum(len(leg.wanted) for leg in legs) + len(failing)
    told = sum(method == "POST" for leg in legs for _, method, *_ in leg.wanted) + len(failing)
    backend.wait(lambda _: len([r for r in list(backend.requests) if mine(r)]) >= wanted)
    # Nothing is on its way any more: the log has as many rows as have come.
    rows = [row for row in box.events() if row["stream"] == "voice" and row["position"] > box.checked]
    assert len(rows) == told, [row["body"] for row in rows]
    box.checked = rows[-1]["position"]
    requests = [request for request in list(backend.requests) if mine(request)]
    assert len(requests) == wanted, requests
    errors = [r for r in requests if r.fields.keys() == {"reason", "conversation_uuid", "timestamp"}]
    assert len(errors) == len(failing), errors
    of_leg = {}
    for request in requests:
        if request in errors:
            continue
        of_leg.setdefault((request.fields or {}).get("uuid"), []).append(request)
    assert len(of_leg) == len(legs), requests
    names = {}
    for leg in legs:
        uuid = next((uuid for uuid, own in of_leg.items() if uuid not in names and leg.began(own[0])), None)
        assert uuid, f"{leg.name} did not begin: {requests}"
        leg.check(of_leg[uuid])
        names[uuid] = leg.name
        if leg in failing:
            failed = of_leg[uuid][-1]
            reason = f"Outbound call failed. {failed.fields['detail']} ({failed.fields['sip_code']}): {leg.callee}"
            [error] = [e for e in errors if e.fields["reason"] == reason]
            assert (error.method, error.path) == ("POST", "/event")
            for key in ("conversation_uuid", "timestamp"):
                assert error.fields[key] == failed.fields[key]
            assert requests.index(error) < requests.index(failed), "the status is the leg's last event"
    if order is not None:
        came = [f"{names[r.fields['uuid']]} {r.fields['status']}" for r in requests if r.fields.get("status")]
        assert came == order, came
    return {leg.name: uuid for uuid, name in names.items() for leg in legs if leg.name == name}
