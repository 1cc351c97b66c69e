import SoundDevice
import Synchronization

/// Which directions of a device are without a card, so that an unplugged card is one event and not two.
final class DeviceOutage: Sendable {
    private let missing = Mutex<Set<SoundDirection>>([])

    /// True when the device was whole until now.
    func lose(_ direction: SoundDirection) -> Bool {
        missing.withLock { missing in
            defer { missing.insert(direction) }
            return missing.isEmpty
        }
    }

    /// True when the device is whole again.
    func regain(_ direction: SoundDirection) -> Bool {
        missing.withLock { $0.remove(direction) != nil && $0.isEmpty }
    }
}
