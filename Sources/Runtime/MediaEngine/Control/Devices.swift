public import CallModel
public import EdgeProtocols
import Logging
import Rings
import SoundDevice

internal import Synchronization

/// Sound devices as legs.
///
/// The device's thread moves sound between ALSA and two rings and wakes the worker whenever a step was captured: the mix
/// follows the card's clock (`DeviceLink`). Every kind of PCM has that thread, `hw:` too: the two wake-ups cost a tenth
/// of a millisecond, and no PCM can hold up the worker's other conversations.
extension MediaEngine {
    public func openDevice(_ leg: LegID, device setting: DeviceSetting) throws(MediaRefusal) {
        guard state.withLock({ $0.isRunning && $0.legs[leg] == nil }) else {
            throw MediaRefusal(.overloaded, "the engine does not run, or has this leg")
        }
        let (link, handle, name) = setting.isEcho ? echo() : try card(leg, setting)
        let record = state.withLock { state in
            let made = Self.register(
                leg, MediaPolicy(), nil, handle, link, &state, limit: configuration.maximumLegs)
            if let made {
                unsafe made.block.pointee.voice = VoiceLink(setting)
                state.adopt(made)
            }
            return made
        }
        guard record != nil else {
            link.deallocate()
            handle.close()
            throw MediaRefusal(.overloaded, "the engine has its most legs")
        }
        logger.info(
            "sound device opened",
            metadata: ["leg": "\(leg)", "device": "\(name)"])
    }

    private func card(
        _ leg: LegID, _ setting: DeviceSetting
    ) throws(MediaRefusal) -> (DeviceLink, DeviceHandle, String) {
        let device = try open(leg, setting)
        let link = DeviceLink(
            capture: device.captureRing, playback: device.playbackRing, pace: device.pace, period: device.periodFrames)
        let handle = DeviceHandle(
            xruns: { device.counters.playbackXruns + device.counters.captureXruns }, closing: { device.close() })
        let measured = handle.measuring {
            let counters = device.counters
            guard counters.playbackDelayFrames > 0 else { return nil }
            return counters.playbackDelayFrames + counters.captureDelayFrames + device.playbackRing.fill
                + device.captureRing.fill
        }
        return (link, measured, "\(device.playbackName), \(device.captureName)")
    }

    /// A device whose microphone hears its own loudspeaker: one ring, which the worker alone fills and empties.
    private func echo() -> (DeviceLink, DeviceHandle, String) {
        let ring = SampleRing.allocate(capacity: 4096)
        let link = DeviceLink(capture: ring, playback: ring, pace: nil, period: 480)
        return (link, DeviceHandle(xruns: { 0 }, closing: { ring.deallocate() }), "echo")
    }

    private func open(_ leg: LegID, _ setting: DeviceSetting) throws(MediaRefusal) -> SoundDevice {
        var configuration = SoundDeviceConfiguration(
            playback: setting.playback, capture: setting.capture, periodMicroseconds: setting.periodMicroseconds,
            periods: setting.periods)
        configuration.playbackChannels = setting.playbackChannels
        configuration.captureChannels = setting.captureChannels
        configuration.mixer = setting.mixer.sorted { $0.key < $1.key }
            .map { MixerLevel(control: $0.key, percent: $0.value) }
        let outage = DeviceOutage()
        do throws(SoundDeviceFault) {
            return try SoundDevice(configuration) { [weak self] report in self?.take(report, of: leg, outage) }
        } catch {
            throw MediaRefusal(.device, error.detail)
        }
    }

    private func take(_ report: SoundDeviceReport, of leg: LegID, _ outage: DeviceOutage) {
        switch report {
        case .silent(let text):
            logger.warning("a sound device is silent", metadata: ["leg": "\(leg)", "reason": "\(text)"])
        case .mixer(let text):
            logger.warning(
                "a mixer level of a sound device is not set", metadata: ["leg": "\(leg)", "reason": "\(text)"])
        case .preferred(let direction, let name, let former):
            logger.info(
                "a preferred sound device has taken over",
                metadata: ["leg": "\(leg)", "device": "\(name)", "from": "\(former)", "direction": "\(direction)"])
        case .lost(let direction, let name, let reason):
            logger.warning(
                "a sound device was lost",
                metadata: ["leg": "\(leg)", "device": "\(name)", "direction": "\(direction)", "reason": "\(reason)"])
            if outage.lose(direction) { tell(.deviceLost(leg, device: name, reason: reason)) }
        case .back(let direction, let name):
            logger.info(
                "a sound device is back",
                metadata: ["leg": "\(leg)", "device": "\(name)", "direction": "\(direction)"])
            if outage.regain(direction) { tell(.deviceBack(leg, device: name)) }
        case .abandoned:
            logger.error("a sound device did not end in time and was left behind", metadata: ["leg": "\(leg)"])
        }
    }
}
