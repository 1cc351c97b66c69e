import CallModel
import MediaTime
import TestPhone
import Testing
import Tokens
import WireJSON

@Suite("What the backend makes of a request")
struct BackendRequestTests {
    @Test(
        "a request is known by its fields, whatever its path",
        arguments: [
            ("GET", "/answer?to=1&from=2&uuid=u&conversation_uuid=c", "", "answer", "answer"),
            ("POST", "/x", #"{"to":"1","uuid":"u","conversation_uuid":"c"}"#, "answer", "answer"),
            (
                "POST", "/fallback", #"{"to":"1","uuid":"u","conversation_uuid":"c","reason":"Invalid NCCO."}"#,
                "answer", "fallback"
            ),
            (
                "POST", "/event",
                #"{"status":"ringing","uuid":"u","direction":"inbound","timestamp":"t","conversation_uuid":"c"}"#,
                "event", "ringing"
            ),
            ("POST", "/event", #"{"dtmf":{"digits":"1"},"speech":{},"timestamp":"t"}"#, "event", "input"),
            ("POST", "/event", #"{"reason":"no","timestamp":"t"}"#, "event", "error"),
            (
                "POST", "/event",
                #"{"conversation_uuid":"c","type":"record","recording_uuid":"r","status":"transcribed","transcription_url":"u"}"#,
                "event", "transcription"
            ),
            (
                "POST", "/hook", #"{"type":"member:joined","application_id":"a","timestamp":"t","body":{}}"#, "rtc",
                "member:joined"
            ),
        ])
    func kinds(method: String, target: String, body: String, kind: String, name: String) {
        let request = BackendRequest(method: method, target: target, body: Array(body.utf8))
        #expect(request.kind.rawValue == kind)
        #expect(request.name == name)
        #expect(request.complaints.isEmpty)
    }

    @Test("query fields are decoded as forms are")
    func query() {
        let request = BackendRequest(method: "GET", target: "/answer?to=%2B44+7&from=a%zz&uuid", body: [])
        #expect(request.fields["to"]?.string == "+44 7")
        #expect(request.fields["from"]?.string == "a%zz")
        #expect(request.fields["uuid"]?.string == "")
    }

    @Test(
        "what the contract always sends is missed",
        arguments: [
            (
                "/event", #"{"status":"ringing","uuid":"u"}"#,
                ["direction is missing", "timestamp is missing", "conversation_uuid is missing"]
            ),
            (
                "/event", #"{"status":"transcribed","transcription_url":"u"}"#,
                ["conversation_uuid is missing", "type is missing", "recording_uuid is missing"]
            ),
            ("/rtc", #"{"type":"x","body":{}}"#, ["application_id is missing", "timestamp is missing"]),
            ("/event", "[]", ["the body is no JSON object", "timestamp is missing"]),
        ])
    func complaints(path: String, body: String, expected: [String]) {
        #expect(BackendRequest(method: "POST", target: path, body: Array(body.utf8)).complaints == expected)
    }

    @Test("bytes that are no JSON are a complaint, not a failure")
    func noJSON() {
        let request = BackendRequest(method: "POST", target: "", body: [0xFF, 0x00])
        #expect(request.complaints.first?.hasPrefix("the body is no JSON: ") == true)
    }

    @Test(
        "a signature is judged by secret, body and age",
        arguments: [
            ("secret", "body", 0, nil), ("other", "body", 0, "the signature was made with another secret"),
            ("secret", "tampered", 0, "payload_hash does not fit the body"),
            ("secret", "body", 400, "iat is 401 s old"),
        ] as [(String, String, Int64, String?)])
    func signatures(secret: String, body: String, laterSeconds: Int64, expected: String?) {
        let now = WallTime(milliseconds: 1_800_000_000_000)
        let token = WebhookSignature.bearer(
            secret: "secret", apiKey: "k", applicationID: ApplicationID("a"), issuer: "Vonage",
            body: Array("body".utf8),
            now: now)
        let later = WallTime(milliseconds: now.milliseconds + laterSeconds * 1000)
        let complaint = SignatureCheck.complaint(
            authorization: "Bearer \(token)", body: Array(body.utf8), secret: secret, now: later)
        #expect(complaint == expected)
    }

    @Test(
        "what is no signature is said to be none",
        arguments: [nil, "", "Basic abc", "Bearer a.b", "Bearer a.b.c", "Bearer ...."])
    func noSignature(authorization: String?) {
        #expect(SignatureCheck.complaint(authorization: authorization, body: [], secret: "s") != nil)
    }
}
