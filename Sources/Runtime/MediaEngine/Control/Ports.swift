public import CallModel
public import EdgeProtocols
internal import Synchronization

/// Legs whose sound another edge carries.
extension MediaEngine {
    public func openPort(_ leg: LegID, _ port: AudioPort) throws(MediaRefusal) {
        guard let link = PortLink(rings: port.rings, doorbell: port.doorbell, rate: port.rate) else {
            throw MediaRefusal(.overloaded, "no memory for the rate converters")
        }
        let record = state.withLock { state in
            let made = Self.register(
                leg, MediaPolicy(), nil, nil, nil, &state, limit: configuration.maximumLegs, port: (port, link))
            if let made { state.adopt(made) }
            return made
        }
        guard record != nil else {
            link.deallocate()
            throw MediaRefusal(.overloaded, "the engine does not run, has this leg, or has its most legs")
        }
    }
}
