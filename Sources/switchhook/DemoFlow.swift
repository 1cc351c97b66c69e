import ConfigFile
import Foundation
import Logging
import Synchronization
import TestPhone
import WireJSON

/// One call through backend and box, told step by step.
struct DemoFlow {
    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    private enum Observation: Sendable {
        case stored(JSON)
        case delivered(BackendRequest)
        case called(Result<TestCallReport, any Error>)
        case timeUp
        case failed(String)
    }

    private static let patience: Duration = .seconds(30)
    /// How long the users hear each other before the phone hangs up.
    private static let talk: Duration = .milliseconds(1500)

    let configuration: SwitchhookConfiguration
    let number: String
    let backendPort: Int

    /// - Throws: the reason why the flow is not complete.
    func run(_ box: BoxProcess, once: Bool) async throws {
        let (observations, tell) = AsyncStream.makeStream(of: Observation.self)
        let ready = AsyncStream.makeStream(of: Void.self)
        let backend = Task {
            let server = BackendServer(script: Array(SampleScript.text.utf8), port: backendPort) { request in
                tell.yield(.delivered(request))
            }
            do {
                try await server.run { _ in ready.continuation.finish() }
            } catch {
                tell.yield(.failed("\(error)"))
                ready.continuation.finish()
            }
        }
        for await _ in ready.stream {}
        let started = ContinuousClock.now
        try await box.start(patience: .seconds(15))
        let startTime = Int((ContinuousClock.now - started) / .milliseconds(1))
        Terminal.line("   backend on 127.0.0.1:\(backendPort), box ready after \(startTime) ms")
        let follower = Task { await follow(tell) }
        let timer = Task {
            try await Task.sleep(for: Self.patience)
            tell.yield(.timeUp)
        }
        defer {
            follower.cancel()
            timer.cancel()
            tell.finish()
            if once { backend.cancel() }
        }
        try await watch(observations, tell)
    }

    private func watch(
        _ observations: AsyncStream<Observation>, _ tell: AsyncStream<Observation>.Continuation
    ) async throws {
        var flow = FlowWatch()
        var report: TestCallReport?
        var call = TestCall(target: number)
        call.registrar = configuration.localSIP
        let start = ContinuousClock.now
        let phone = Task { [call] in
            let logger = Logger(label: "phone") { _ in SwiftLogNoOpLogHandler() }
            do {
                tell.yield(.called(.success(try await call.run(logger: logger))))
            } catch {
                tell.yield(.called(.failure(error)))
            }
        }
        defer { phone.cancel() }
        for await observation in observations {
            let steps: [FlowStep]
            switch observation {
            case .stored(let event): steps = flow.stored(event)
            case .delivered(let request): steps = flow.delivered(request)
            case .failed(let reason): throw Fault(description: reason)
            case .timeUp: throw Fault(description: unfinished(flow) + " in \(Self.patience)")
            case .called(.failure(let error)): throw Fault(description: "the call could not be placed: \(error)")
            case .called(.success(let ended)):
                guard ended.isSuccess else {
                    throw Fault(description: "the call was not answered: \(ended.endingText)")
                }
                report = ended
                steps = []
            }
            for step in steps {
                Self.tell(step, ContinuousClock.now - start)
                guard step.kind == .usersConnected else { continue }
                Task {
                    try? await Task.sleep(for: Self.talk)
                    phone.cancel()
                }
            }
            guard let report, flow.done[.eventsDispatched] != nil else { continue }
            if flow.missing == nil { return try Self.conclude(report) }
            throw Fault(description: unfinished(flow) + " before the call ended (\(report.endingText))")
        }
    }

    private func unfinished(_ flow: FlowWatch) -> String {
        let step = flow.missing.map { "step \($0.rawValue) (\($0.title)) was not reached" }
        return step ?? "the call did not end"
    }

    private static func tell(_ step: FlowStep, _ elapsed: Duration) {
        let title = step.kind.title + String(repeating: " ", count: max(0, 40 - step.kind.title.count))
        Terminal.line("\(step.kind.rawValue)  \(title)\(Call.milliseconds(elapsed)) ms   \(step.detail)")
    }

    /// The flow is complete only when the caller has heard the box speak.
    private static func conclude(_ report: TestCallReport) throws {
        guard let level = report.heardLevel, let setup = report.answeredAfter else {
            throw Fault(description: "the caller heard nothing: \(report.packetsReceived) packets, all silent")
        }
        Terminal.line(
            "   the caller was answered after \(Call.milliseconds(setup).trimmingCharacters(in: .whitespaces)) ms and heard "
                + "\(report.heardSeconds) s at \(level) dBFS, \(report.packetsLost) packets lost")
    }

    private func follow(_ tell: AsyncStream<Observation>.Continuation) async {
        do {
            try await ControlClient(stateFolder: configuration.store.path)
                .lines("/control/events?since=now&follow=true") { line in
                    if let event = try? JSON(parsing: line) { tell.yield(.stored(event)) }
                    return true
                }
            tell.yield(.failed("the box ended its log"))
        } catch {
            tell.yield(.failed("\(error)"))
        }
    }
}
