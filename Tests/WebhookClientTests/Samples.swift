import CallModel
import EdgeProtocols
import EventStore
import Foundation
import HTTPFetch
import Logging
import MediaTime
import Synchronization
import WebhookClient
import WireJSON

/// A state folder that goes with the test.
final class Folder: Sendable {
    let path = FileManager.default.temporaryDirectory.appending(path: "switchhook-\(UUID().uuidString)").path
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func store() throws -> EventStore { try EventStore(path: path, logger: Sample.logger) }
}

enum Sample {
    static let application = ApplicationID("aaaaaaaa-2222-4333-8444-555555555555")
    static let other = ApplicationID("bbbbbbbb-2222-4333-8444-555555555555")
    static let account = Account(
        apiKey: "abcd1234", apiSecret: "secret", signatureSecret: "0123456789abcdef0123456789abcdef")
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// An Application whose webhooks all go to one receiver.
    static func application(
        _ url: String?, id: ApplicationID = application, method: WebhookTarget.Method = .post
    ) -> Application {
        var made = Application(id: id, name: "test")
        if let url {
            let setting = WebhookSetting(
                target: WebhookTarget(url: url, method: method), socketTimeoutMilliseconds: 10_000)
            made.voiceEventURL = setting
            made.rtcEventURL = setting
        }
        return made
    }

    static func row(
        _ conversation: ConversationID, _ id: Int, stream: EventStream = .rtc,
        delivery: EventRow.Delivery = .webhook, leg: LegID? = nil, application: ApplicationID = application,
        position: Int64 = 0, destination: WebhookTarget? = nil
    ) -> EventRow {
        EventRow(
            position: position, application: application, conversation: conversation, stream: stream,
            id: stream == .rtc ? id : nil, type: "sip:ringing", instant: SystemTimeSource().wallNow,
            body: Array(#"{"conversation":"\#(conversation.text)","id":\#(id)}"#.utf8), destination: destination,
            delivery: delivery, visibleToClients: false, leg: leg)
    }

    /// Conversation and id of a delivered sample row.
    static func key(_ received: Received) -> (conversation: String, id: Int) {
        let object = (try? JSON(parsing: received.body).object) ?? JSONObject()
        return (object["conversation"]?.string ?? "", object["id"]?.int ?? -1)
    }
}

/// Applications that a test can change while things run.
final class TestDirectory: Sendable {
    private let applications: Mutex<[ApplicationID: Application]>

    init(_ applications: Application...) {
        self.applications = Mutex(Dictionary(uniqueKeysWithValues: applications.map { ($0.id, $0) }))
    }

    func set(_ application: Application) { applications.withLock { $0[application.id] = application } }

    var lookup: @Sendable (ApplicationID) -> (Application, Account)? {
        { [self] id in applications.withLock { $0[id] }.map { ($0, Sample.account) } }
    }
}
