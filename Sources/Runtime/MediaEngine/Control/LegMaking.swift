public import CallModel
public import EdgeProtocols
import RTPTransport
import SDP

internal import Synchronization

/// Making and ending legs.
extension MediaEngine {
    /// Binds sockets and makes a leg, which a worker adopts with its first agreement.
    func makeLeg(_ id: LegID, policy: MediaPolicy, needsRTCP: Bool) throws(MediaRefusal) -> LegRecord {
        guard state.withLock({ state in state.workers.contains { !$0.isBusy } }) else {
            throw MediaRefusal(.overloaded, "the engine does not run, or every media worker is busy")
        }
        let sockets: LegSockets
        do throws(PortPool.Fault) {
            sockets = try ports.open(needsRTCP: needsRTCP)
        } catch {
            throw MediaRefusal(.noPorts, error.detail)
        }
        let record = state.withLock { state in
            Self.register(id, policy, sockets, nil, nil, &state, limit: configuration.maximumLegs)
        }
        guard let record else {
            ports.close(sockets)
            throw MediaRefusal(.overloaded, "the engine does not run, has this leg, or has its most legs")
        }
        return record
    }

    /// Makes block and record; nil when the engine does not run, knows the leg, or is full.
    static func register(
        _ id: LegID, _ policy: MediaPolicy, _ sockets: LegSockets?, _ device: DeviceHandle?, _ link: DeviceLink?,
        _ state: inout EngineState, limit: Int, port: (AudioPort, PortLink)? = nil
    ) -> LegRecord? {
        guard state.isRunning, state.legs[id] == nil, state.legs.count < limit else { return nil }
        var random = SystemRandomNumberGenerator()
        let serial = state.makeSerial()
        let counters = UnsafeMutablePointer<LegCounters>.allocate(capacity: 1)
        unsafe counters.initialize(to: LegCounters())
        let block = LegPointer.allocate(capacity: 1)
        unsafe block.initialize(
            to: LegBlock(
                serial: serial, key: LegKey.of(id), sockets: sockets, device: link, port: port?.1,
                lobby: MixBlock.allocate(isLobby: true), counters: counters, start: random.next(), ssrc: random.next()))
        let record = unsafe LegRecord(
            id: id, serial: serial, block: block, counters: counters, sockets: sockets, device: device,
            port: port?.0, policy: policy, worker: state.place(), sessionID: random.next() >> 2)
        state.workers[record.worker].load += 1
        state.legs[id] = record
        state.bySerial[serial] = record
        return record
    }

    public func statistics(_ leg: LegID) -> MediaStatistics {
        state.withLock { $0.legs[leg]?.statistics ?? MediaStatistics() }
    }

    @discardableResult public func close(_ leg: LegID) -> MediaStatistics {
        state.withLock { state in
            guard let record = state.legs.removeValue(forKey: leg) else { return MediaStatistics() }
            record.isClosing = true
            if let mix = record.mix {
                mix.members[record.serial] = nil
                record.mix = nil
                state.closeIfUnused(mix)
            }
            let statistics = record.statistics
            switch record.place {
            case .unborn:
                state.free(record, ports)
            case .onWorker:
                unsafe state.send(.release, to: record, UnsafeMutableRawPointer(record.block), 1)
                record.place = .moving
            case .moving: break
            }
            return statistics
        }
    }
}

/// What lists of legs hold: a number of the id that is the same for the life of the process, also for legs that are not
/// there yet.
enum LegKey {
    static func of(_ id: LegID) -> UInt64 { UInt64(bitPattern: Int64(id.hashValue)) }
}

extension LegRecord {
    /// Counters as the worker published them last, at most 20 ms ago while sound flows.
    var statistics: MediaStatistics {
        func read(_ counter: borrowing Atomic<Int>) -> Int { counter.load(ordering: .relaxed) }
        if let port { return port.statistics }
        var result = MediaStatistics()
        unsafe result.packetsReceived = read(counters.pointee.packetsReceived)
        unsafe result.packetsSent = read(counters.pointee.packetsSent)
        unsafe result.bytesReceived = read(counters.pointee.bytesReceived)
        unsafe result.bytesSent = read(counters.pointee.bytesSent)
        unsafe result.packetsLost = read(counters.pointee.packetsLost)
        unsafe result.packetsLate = read(counters.pointee.packetsLate)
        unsafe result.jitterMilliseconds = Double(read(counters.pointee.jitter)) / 1000
        let lowest = unsafe read(counters.pointee.jitterLowest)
        let highest = unsafe read(counters.pointee.jitterHighest)
        result.jitterMinimumMilliseconds = lowest < 0 ? result.jitterMilliseconds : Double(lowest) / 1000
        result.jitterMaximumMilliseconds = highest < 0 ? result.jitterMilliseconds : Double(highest) / 1000
        let trip = unsafe read(counters.pointee.roundTrip)
        if trip >= 0 { result.roundTripMilliseconds = Double(trip) / 1000 }
        unsafe result.concealedSamples = read(counters.pointee.concealedSamples)
        result.codec = agreement?.codec.rawValue ?? (device == nil ? "" : "pcm")
        return result
    }

    /// What its playout buffer adds and wants to add, milliseconds; nil while it hands out nothing.
    var playout: (delay: Double, target: Double)? {
        let delay = unsafe counters.pointee.playoutDelay.load(ordering: .relaxed)
        if delay < 0 || port != nil { return nil }
        return (Double(delay) / 1000, Double(unsafe counters.pointee.playoutTarget.load(ordering: .relaxed)) / 1000)
    }
}
