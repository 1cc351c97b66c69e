import CallModel
import EdgeProtocols
import MediaTime
import RTPTransport
import Rings

/// What control does with the workers' reports.
extension EngineState {
    /// Takes every report there is; returns what the runtime wants to know.
    mutating func takeReports(ports: PortPool) -> [MediaReport] {
        var news: [MediaReport] = []
        for worker in workers {
            while let message = worker.nextReport() { take(message, &news, ports) }
            worker.flushOverflow()
        }
        return news
    }

    private mutating func take(_ message: RingMessage, _ news: inout [MediaReport], _ ports: PortPool) {
        guard let report = WorkerReport(rawValue: message.kind) else { return }
        switch report {
        case .released, .ended, .closed, .changed, .played, .stopped, .untapped:
            if let pointer = unsafe message.pointer { unsafe takeBack(report, pointer, &news, ports) }
        case .firstAudio:
            guard let leg = known(message) else { return }
            news.append(
                .firstAudio(leg.id, at: MonotonicInstant(nanoseconds: UInt64(bitPattern: message.second))))
        case .digit:
            guard let leg = known(message) else { return }
            let digit = Character(UnicodeScalar(UInt8(truncatingIfNeeded: message.second)))
            news.append(.digit(leg.id, digit: digit, durationMilliseconds: Int(message.third)))
        case .speaking:
            if let leg = known(message) { news.append(.speaking(leg.id, message.second != 0)) }
        case .timedOut:
            if let leg = known(message) { news.append(.rtpTimeout(leg.id)) }
        case .keyDown:
            if let leg = known(message) { news.append(.keyDown(leg.id)) }
        }
    }

    private func known(_ message: RingMessage) -> LegRecord? {
        guard let leg = bySerial[UInt64(bitPattern: message.first)], !leg.isClosing else { return nil }
        return leg
    }

    private mutating func takeBack(
        _ report: WorkerReport, _ pointer: UnsafeMutableRawPointer, _ news: inout [MediaReport], _ ports: PortPool
    ) {
        switch report {
        case .released, .ended:
            let block = unsafe pointer.assumingMemoryBound(to: LegBlock.self)
            guard let leg = unsafe bySerial[block.pointee.serial] else { return }
            if leg.isClosing { free(leg, ports) } else { adopt(leg) }
        case .closed:
            closingMixes.removeValue(forKey: UInt(bitPattern: pointer))?.free()
        case .changed:
            let box = unsafe pointer.assumingMemoryBound(to: LegChange.self)
            unsafe box.pointee.retired.free()
            unsafe box.deallocate()
        case .played:
            let player = unsafe pointer.assumingMemoryBound(to: PlayerBlock.self)
            // With a stop under way the player comes back once more.
            guard let play = unsafe playsBySerial[player.pointee.serial], !play.isStopping else { return }
            news.append(.playDone(play.id))
            forget(play)
        case .stopped:
            let player = unsafe pointer.assumingMemoryBound(to: PlayerBlock.self)
            if let play = unsafe playsBySerial[player.pointee.serial] { forget(play) }
        case .untapped:
            let tap = unsafe pointer.assumingMemoryBound(to: TapBlock.self)
            if let record = unsafe tapsBySerial[tap.pointee.serial] { forget(record) }
        case .firstAudio, .digit, .timedOut, .keyDown, .speaking:
            return
        }
    }

    /// Frees a leg that its worker has handed back, with the prompts that still played to it.
    mutating func free(_ leg: LegRecord, _ ports: PortPool) {
        bySerial[leg.serial] = nil
        workers[leg.worker].load -= 1
        // Whatever a worker had to say about them came before the leg itself.
        for play in playsBySerial.values where play.leg === leg { forget(play) }
        for tap in tapsBySerial.values where tap.leg === leg { forget(tap) }
        leg.free(closing: ports)
    }
}
