import CallControl
public import CallModel
public import EdgeProtocols
import Synchronization

/// Orders to running legs: each is answered once the machine has taken it and what it wrote is on disk.
extension Switchboard {
    /// Orders whose givers wait, and legs whose next step waits for an answer to be sent.
    struct Orders {
        var nextID: UInt64 = 1
        var givers: [CommandID: CheckedContinuation<CommandFault?, Never>] = [:]
        var held: [LegID: Hold] = [:]

        /// What is to be done to a leg after a reply; orders to the leg wait for it.
        struct Hold {
            var steps = 0
            var waiting: [CheckedContinuation<Void, Never>] = []
        }
    }

    public func order(
        _ command: LegCommand, to leg: LegID, application: ApplicationID
    ) async throws(CommandFault) -> AfterReply? {
        await untilFree(leg)
        guard case .transfer = command else {
            try await put(leg, application) { .command(leg, command, $0) }
            do { try await edges.log.flush() } catch {
                throw CommandFault(.overloaded, "the log cannot be written: \(error)")
            }
            return nil
        }
        // The answer goes first, then the leg moves (voice-webhooks §9.8).
        try await put(leg, application) { .probe(leg, $0) }
        return afterReply(about: leg) { [weak self] in
            self?.conversation(of: leg)?.post(.command(leg, command, CommandID(rawValue: 0)))
        }
    }

    private func put(
        _ leg: LegID, _ application: ApplicationID, _ input: @Sendable (CommandID) -> ConversationInput
    ) async throws(CommandFault) {
        guard let conversation = conversation(of: leg), conversation.application == application else {
            throw CommandFault(.notFound, "no such call, or it has ended")
        }
        let fault: CommandFault? = await withCheckedContinuation { giver in
            let id = tables.withLock { tables in
                let id = CommandID(rawValue: tables.orders.nextID)
                tables.orders.nextID += 1
                tables.orders.givers[id] = giver
                return id
            }
            conversation.post(input(id))
        }
        if let fault { throw fault }
    }

    /// The machine's word on an order.
    func answer(_ id: CommandID, _ fault: CommandFault?) {
        tables.withLock { $0.orders.givers.removeValue(forKey: id) }?.resume(returning: fault)
    }

    // MARK: After the reply

    /// Holds further orders to the leg until `step` was run.
    func afterReply(about leg: LegID, _ step: @escaping @Sendable () -> Void) -> AfterReply {
        tables.withLock { $0.orders.held[leg, default: Orders.Hold()].steps += 1 }
        return { [weak self] in
            step()
            self?.settle(leg)
        }
    }

    /// One held step of the leg is done, or will never be.
    func settle(_ leg: LegID) {
        let free = tables.withLock { tables -> [CheckedContinuation<Void, Never>] in
            guard var hold = tables.orders.held[leg] else { return [] }
            hold.steps -= 1
            tables.orders.held[leg] = hold.steps > 0 ? hold : nil
            return hold.steps > 0 ? [] : hold.waiting
        }
        for waiter in free { waiter.resume() }
    }

    private func untilFree(_ leg: LegID) async {
        await withCheckedContinuation { continuation in
            let isFree = tables.withLock { tables in
                if tables.orders.held[leg] == nil { return true }
                tables.orders.held[leg]?.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }
}
