public import CallModel
public import EdgeProtocols

extension MediaEngine {
    public func openDevice(_ leg: LegID, device: DeviceSetting) throws(MediaRefusal) {
        throw MediaRefusal(.device, "no sound device support in this build")
    }
}
