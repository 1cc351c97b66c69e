import CallModel
import EdgeProtocols
import Logging
import MediaEngine
import MediaTime
import Synchronization

/// An engine on loopback that keeps its reports.
final class EngineBench: Sendable {
    private final class Reports: Sendable {
        let all = Mutex<[MediaReport]>([])
    }

    let engine: MediaEngine
    private let kept = Reports()

    init(ports: ClosedRange<UInt16>, workers: Int = 1, edit: (inout MediaEngineConfiguration) -> Void = { _ in }) throws
    {
        var configuration = MediaEngineConfiguration()
        configuration.rtpPorts = ports
        configuration.workers = workers
        edit(&configuration)
        let kept = kept
        engine = try MediaEngine(
            configuration: configuration, time: SystemTimeSource(), logger: Logger(label: "test"),
            report: { report in kept.all.withLock { $0.append(report) } })
        try engine.start()
    }

    var reports: [MediaReport] { kept.all.withLock { $0 } }

    var digits: String {
        String(
            reports.compactMap { report in
                if case .digit(_, let digit, _) = report { return digit }
                return nil
            })
    }

    func donePlays() -> [PlayID] {
        reports.compactMap { report in
            if case .playDone(let id) = report { return id }
            return nil
        }
    }

    static let peer = NetworkAddress(host: "127.0.0.1", port: 5060)

    /// Accepts a phone's offer, and lets the phone start.
    func connect(
        _ phone: LoopbackPhone, frequency: Double?, policy: MediaPolicy = MediaPolicy(codecs: ["pcmu"])
    ) throws -> LegID {
        let leg = LegID.make()
        let answer = try engine.accept(leg, offer: phone.offer(), policy: policy, signallingAddress: Self.peer)
        phone.start(answer: answer, frequency: frequency)
        return leg
    }
}

extension MemberAudio {
    static let flowing = MemberAudio(flowing: true)
}
