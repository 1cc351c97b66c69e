import CallModel
import EdgeProtocols
import NCCO

/// Calls that users place (client-session §6.1, voice-webhooks §9.2): the leg is the caller's own sound device.
extension ConversationMachine {
    /// As clients bring their media up before anything is dialled, the script is asked for once the device is open.
    mutating func openCallersDevice(_ legID: LegID, _ source: ScriptSource, _ world: World) {
        guard case .device(let user) = legs[legID]?.signalling, let device = world.directory.users[user]?.device else {
            // A reload has taken it away since the call was admitted.
            note(.warning, "the caller has no sound device any more", legID)
            end(
                legID, Endings.boxFailure("internal_error", reason: "service_unavailable", sipCode: 503),
                signal: false, world)
            return
        }
        placedScripts[legID] = source
        emit(.openDevice(legID, device))
    }

    mutating func callersDeviceOpened(_ legID: LegID, _ world: World) {
        guard let source = placedScripts.removeValue(forKey: legID) else { return }
        fetchScript(legID, source, world)
    }

    /// The caller gives up before its script is there, or hangs up.
    mutating func giveUp(_ legID: LegID, _ farewell: LegCommand.Farewell, _ world: World) {
        guard let leg = legs[legID] else { return }
        update(legID) { $0.client?.farewell = farewell }
        end(
            legID, leg.isAnswered ? Endings.completed(by: .user) : Endings.cancelled(by: .user), signal: true, world)
    }
}

extension LegCommand.Farewell {
    /// The words of the client in place of ours.
    func over(code ours: String, text: String) -> (code: String, text: String) {
        (self.code ?? ours, self.text ?? text)
    }
}
