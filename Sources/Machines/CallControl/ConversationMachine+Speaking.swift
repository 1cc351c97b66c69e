import CallModel
import EdgeProtocols
import WireJSON

/// `audio:speaking:on` and `:off` (events.md §3): told, not listed, and stored only where a webhook wants them.
extension ConversationMachine {
    /// Speaking is listened for only while somebody wants to know: it costs the relay (design §4).
    mutating func settleSpeaking(_ world: World) {
        let isWanted = !isOver && isWatched(world) && legs.values.contains { $0.isAttached && $0.member != nil }
        if isWanted == tellsSpeaking { return }
        tellsSpeaking = isWanted
        emit(.tellSpeaking(isWanted))
        if !isWanted { for leg in legOrder { legs[leg]?.isSpeaking = false } }
    }

    private func isWatched(_ world: World) -> Bool {
        switch world.settings.speakingEvents {
        case .off: return false
        case .webhooks: return true
        case .clients:
            if world.clients.users.isEmpty { return false }
            return legs.values.contains {
                $0.kind == .app && $0.member != nil && world.clients.users.contains($0.user.name)
            }
        }
    }

    mutating func speaks(_ legID: LegID, _ isSpeaking: Bool, _ world: World) {
        guard tellsSpeaking, let leg = legs[legID], leg.member != nil, leg.pendingEnd == nil,
            leg.isSpeaking != isSpeaking
        else { return }
        tellSpeaking(leg, isSpeaking, world)
    }

    /// A leg that ends or leaves speaks no more.
    mutating func endSpeaking(_ legID: LegID, _ world: World) {
        if let leg = legs[legID], leg.isSpeaking { tellSpeaking(leg, false, world) }
    }

    private mutating func tellSpeaking(_ leg: Leg, _ isSpeaking: Bool, _ world: World) {
        // Nothing of its stored state changes.
        legs[leg.id]?.isSpeaking = isSpeaking
        let row = rtcRow(
            "audio:speaking:\(isSpeaking ? "on" : "off")", listed: false, from: leg, to: nil,
            body: ["channel": .object(leg.channel)], clients: true)
        if world.settings.speakingEvents == .webhooks {
            step.batch.events.append(row)
        } else {
            emit(.tellClients(row))
        }
    }
}
