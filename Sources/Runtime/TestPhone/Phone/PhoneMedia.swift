import CLinux
import EdgeProtocols
import Foundation
import MediaTime
import RTP
import SDP
import Synchronization

/// The sound of one call as a telephone has it: speaks a clip and digits in packets of 20 ms, keeps what it hears.
///
/// It shares no media code with the box's mixer, so that it can judge it.
///
/// - Units: 20 ms packets; arrival in nanoseconds of CLOCK_MONOTONIC.
/// - Threading: any thread; one thread of its own per call does the sending and receiving.
/// - Bounds: 400 000 packets are kept (over two hours).
final class PhoneMedia: Sendable {
    struct Fault: Error {
        var reason: String
    }

    /// What was heard, in order of arrival.
    struct Heard: Sendable {
        var packets: [Packet] = []
        var sent = 0
        var firstArrival: MonotonicInstant?
        var digits = ""
        /// When the first sample of the clip would have been spoken: a packet's length before it was sent.
        var spokenAt: MonotonicInstant?

        /// Gaps in the sequence numbers.
        var lost: Int {
            guard var last = packets.first?.sequence else { return 0 }
            var expected = 1
            var seen = 1
            for packet in packets.dropFirst() {
                let step = Int16(bitPattern: packet.sequence &- last)
                guard step != 0 else { continue }
                seen += 1
                guard step > 0 else { continue }
                expected += Int(step)
                last = packet.sequence
            }
            return max(0, expected - seen)
        }

        struct Packet: Sendable {
            var sequence: UInt16
            var timestamp: UInt32
            var payload: [UInt8]
            var arrival: MonotonicInstant
        }
    }

    private struct State {
        var isRunning = true
        var speaking: Speaking?
        var heard = Heard()
        /// What is to be said and pressed besides, in order.
        var orders: [Order] = []
        /// An order waits, or is being carried out.
        var isBusy = false
        /// Start of the newest digit, so that its repeated end packets count once.
        var lastDigit: UInt32?
    }

    private enum Order {
        case say(PhoneClip)
        case press(String)
    }

    /// Where to send, and how.
    private struct Speaking {
        var remote: swh_address
        var agreement: MediaAgreement
        var isAnswered: Bool
    }

    private static let packetsKept = 400_000
    private static let packetNanoseconds: UInt64 = 20_000_000

    let port: UInt16
    private let host: String
    private let socket: Int32
    private let state = Mutex(State())
    private let clip: PhoneClip
    private let digits: String
    private let ended = DispatchSemaphore(value: 0)

    /// Opens a socket on `host`; nothing is sent before `start`.
    ///
    /// - Parameter digits: sent once the clip has been spoken.
    init(host: String, clip: PCMClip?, digits: String) throws(Fault) {
        var local = swh_address()
        guard unsafe swh_address_parse(host, 0, &local) == 0 else { throw Fault(reason: "\(host) is no address") }
        let socket = unsafe swh_udp_open(&local)
        guard socket >= 0 else { throw Fault(reason: "no UDP socket on \(host): error \(-socket)") }
        guard unsafe swh_udp_local(socket, &local) == 0 else { throw Fault(reason: "the RTP socket has no address") }
        self.socket = socket
        port = unsafe swh_address_port(&local)
        self.host = host
        self.clip = PhoneClip(clip)
        self.digits = digits
        let thread = Thread { [self] in
            run()
            ended.signal()
        }
        thread.name = "phone"
        thread.start()
    }

    deinit { _ = swh_close(socket) }

    func offer(codecs: [VoiceCodec]) throws(OfferRefusal) -> SessionDescription {
        var generator = SystemRandomNumberGenerator()
        return try OfferAnswer.makeOffer(
            capabilities: MediaCapabilities(codecs: codecs),
            local: LocalMedia(address: host, port: port, sessionID: UInt64(port), version: 1), using: &generator)
    }

    func answer(
        to offer: SessionDescription, previous: SessionDescription, version: UInt64
    ) throws(OfferRefusal) -> (SessionDescription, MediaAgreement) {
        var generator = SystemRandomNumberGenerator()
        return try OfferAnswer.answer(
            to: offer, capabilities: MediaCapabilities(),
            local: LocalMedia(address: host, port: port, sessionID: UInt64(port), version: version), previous: previous,
            using: &generator)
    }

    /// Exchanges packets from now on: silence until the call is answered. Called again when an answer replaces an
    /// earlier one.
    func start(_ agreement: MediaAgreement, isAnswered: Bool) throws(Fault) {
        guard let remote = agreement.remote else { return }
        var address = swh_address()
        guard unsafe swh_address_parse(remote.host, remote.port, &address) == 0 else {
            throw Fault(reason: "the answer names \(remote.host), which is no address")
        }
        state.withLock { $0.speaking = Speaking(remote: address, agreement: agreement, isAnswered: isAnswered) }
    }

    /// Says a clip, then presses keys, after what was ordered before.
    func speak(_ clip: PCMClip) { order(.say(PhoneClip(clip))) }
    func press(_ keys: String) { order(.press(keys)) }

    private func order(_ order: Order) {
        state.withLock { state in
            state.orders.append(order)
            state.isBusy = true
        }
    }

    /// Whether an order is still being carried out.
    var isSpeaking: Bool { state.withLock { $0.isBusy } }

    /// What was heard so far.
    func snapshot() -> Heard { state.withLock { $0.heard } }

    /// Ends the thread and returns what was heard.
    func stop() -> Heard {
        let wasRunning = state.withLock { state in
            defer { state.isRunning = false }
            return state.isRunning
        }
        if wasRunning { ended.wait() }
        return state.withLock { $0.heard }
    }

    // MARK: The thread

    private func run() {
        guard let batch = unsafe swh_batch_new(32, 2048) else { return }
        defer { unsafe swh_batch_free(batch) }
        var speaker: PhoneSpeaker?
        var deadline = swh_monotonic_ns()
        while true {
            let (isRunning, speaking) = state.withLock { ($0.isRunning, $0.speaking) }
            guard isRunning else { return }
            if let speaking {
                if speaker?.agreement != speaking.agreement {
                    speaker = PhoneSpeaker(speaking.agreement, clip: clip, digits: digits)
                }
                // One after the other: keys are pressed once what came before is said.
                if speaking.isAnswered, speaker?.isBusy == false { carryOut(&speaker) }
                if let packet = speaker?.next(speaks: speaking.isAnswered) { send(packet, to: speaking.remote) }
                if speaking.isAnswered {
                    let spoken = MonotonicInstant(nanoseconds: swh_monotonic_ns() - Self.packetNanoseconds)
                    state.withLock { if $0.heard.spokenAt == nil { $0.heard.spokenAt = spoken } }
                }
            }
            deadline += Self.packetNanoseconds
            unsafe receive(until: deadline, batch)
        }
    }

    private func carryOut(_ speaker: inout PhoneSpeaker?) {
        let order = state.withLock { state -> Order? in
            if state.orders.isEmpty {
                state.isBusy = false
                return nil
            }
            return state.orders.removeFirst()
        }
        switch order {
        case .say(let clip): speaker?.speak(clip)
        case .press(let keys): speaker?.press(keys)
        case nil: break
        }
    }

    private func send(_ packet: [UInt8], to remote: swh_address) {
        var remote = remote
        let sent = unsafe swh_send(socket, packet, packet.count, &remote)
        if sent >= 0 { state.withLock { $0.heard.sent += 1 } }
    }

    private func receive(until deadline: UInt64, _ batch: OpaquePointer) {
        while true {
            let now = swh_monotonic_ns()
            guard now < deadline else { return }
            let milliseconds = Int32((deadline - now + 999_999) / 1_000_000)
            guard swh_wait_readable(socket, milliseconds) > 0 else { continue }
            let count = unsafe swh_receive(socket, batch)
            guard count > 0 else { continue }
            let arrival = MonotonicInstant(nanoseconds: swh_monotonic_ns())
            for index in 0..<count {
                let datagram = unsafe swh_received(batch, index).pointee
                unsafe take(UnsafeRawBufferPointer(start: datagram.data, count: Int(datagram.count)), at: arrival)
            }
        }
    }

    private func take(_ datagram: UnsafeRawBufferPointer, at arrival: MonotonicInstant) {
        guard !(unsafe RTPHeader.isRTCP(datagram)), let header = unsafe RTPHeader(parsing: datagram) else { return }
        let end = header.payloadOffset + header.payloadCount
        let payload = unsafe Array(datagram[header.payloadOffset..<end])
        state.withLock { state in
            guard let agreement = state.speaking?.agreement else { return }
            if header.payloadType == agreement.telephoneEvent?.receivePayloadType {
                let event = unsafe payload.withUnsafeBytes { unsafe TelephoneEvent(parsing: $0) }
                guard let event, event.isEnd, state.lastDigit != header.timestamp else { return }
                state.lastDigit = header.timestamp
                if let digit = TelephoneEvent.digit(ofCode: event.code) {
                    state.heard.digits.append(Character(UnicodeScalar(digit)))
                }
            } else if header.payloadType == agreement.receivePayloadType,
                state.heard.packets.count < Self.packetsKept
            {
                if state.heard.firstArrival == nil { state.heard.firstArrival = arrival }
                state.heard.packets.append(
                    Heard.Packet(
                        sequence: header.sequence, timestamp: header.timestamp, payload: payload, arrival: arrival))
            }
        }
    }
}
