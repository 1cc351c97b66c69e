import CallModel
import EdgeProtocols
import EventStore
import Foundation
import Logging
import MediaTime
import WireJSON

/// A state folder that goes with the test.
final class Folder: Sendable {
    let path = FileManager.default.temporaryDirectory.appending(path: "switchhook-\(UUID().uuidString)").path
    deinit { try? FileManager.default.removeItem(atPath: path) }
}

enum Sample {
    static let application = ApplicationID("11111111-2222-4333-8444-555555555555")
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func row(
        _ conversation: ConversationID?, id: Int? = nil, stream: EventStream = .rtc, type: String = "member:joined",
        delivery: EventRow.Delivery = .webhook, instant: Int64 = 1_700_000_000_000
    ) -> EventRow {
        EventRow(
            application: application, conversation: conversation, stream: stream, id: id, type: type,
            instant: WallTime(milliseconds: instant), body: Array(#"{"type":"\#(type)","id":\#(id ?? 0)}"#.utf8),
            destination: nil, delivery: delivery, visibleToClients: true, leg: nil)
    }

    static func leg(_ conversation: ConversationID, _ status: LegStatus = .started, started: Int64 = 1) -> LegRecord {
        LegRecord(
            id: .make(), application: application, conversation: conversation, kind: .phone, direction: .inbound,
            from: .phone(number: "447700900000"), to: .app(user: "kiosk"), status: status,
            started: WallTime(milliseconds: started))
    }

    static func conversation(_ id: ConversationID, created: Int64 = 1) -> ConversationRecord {
        ConversationRecord(
            id: id, application: application, name: "NAM-\(id.text)", state: .active, sequenceNumber: 1,
            isTransient: true, created: WallTime(milliseconds: created), properties: ["a": 1])
    }

    static func member(_ conversation: ConversationID, user: String, channel: String = "app") -> MemberRecord {
        MemberRecord(
            id: .make(), application: application, conversation: conversation,
            user: UserSummary(id: .make(), name: user), state: .joined, channel: ["type": .string(channel)],
            audio: MemberAudio(canHear: []), initiator: ["joined": ["is_system": true]])
    }
}

extension EventStore {
    convenience init(_ folder: Folder, queueRows: Int = 200_000) throws {
        try self.init(path: folder.path, queueRows: queueRows, logger: Sample.logger)
    }

    func all(after position: Int64 = 0, stream: EventStream? = nil) async throws -> [EventRow] {
        try await rows(after: position, limit: 1000, application: nil, conversation: nil, stream: stream)
    }
}
