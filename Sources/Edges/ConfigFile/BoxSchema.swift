import CallModel
import EdgeProtocols

/// The schema table of the whole file: order, types, ranges, documentation; defaults stand in the sections.
let boxSchema = Schema<SwitchhookConfiguration>(
    accountFields + sipFields + mediaFields + deviceFields + httpFields + storeFields + collectionFields
        + webhookFields + clientFields + speechFields + securityFields + limitFields + logFields)

/// One line for each group of keys, shown above it.
let groupDocs: [String: String] = [
    "account": "Credentials of the account. What is absent is made on first use and kept in the state folder.",
    "sip": "Phones and trunks reach the box here.",
    "media": "Sound of calls: RTP addresses, ports and workers.",
    "device": "Defaults of every user's sound device.",
    "http": "REST, client sessions, /health, /metrics and the console.",
    "store": "The state folder: events, keys, control socket.",
    "applications": "Applications, keyed by id (a UUID) or name.",
    "numbers": "Which Application owns a called number; a trailing * matches any rest, the longest match wins.",
    "users": "Users that are always there, such as the box's own microphone and speaker.",
    "trunks": "SIP peers that carry calls to and from the outside.",
    "webhooks": "How events are delivered to Applications.",
    "clients": "Live sessions of apps.",
    "speech": "Text to speech, and speech to text.",
    "security": "What is refused.",
    "limits": "Bounds; each has a gauge in /metrics.",
    "log": "Log lines on standard error.",
    "drain_timeout": "Shutting down.",
]

private let accountFields: [Field<SwitchhookConfiguration>] = [
    .optional("account.api_key", \.account.apiKey, .text, "Name of the account in basic auth and signatures."),
    .optional("account.api_secret", \.account.apiSecret, .text, secret: true, "Its password."),
    .optional(
        "account.signature_secret", \.account.signatureSecret, .text, secret: true,
        "Signs webhooks of every Application that has no signature_secret of its own."),
]

private let sipFields: [Field<SwitchhookConfiguration>] = [
    .scalar("sip.listen", \.sip.listen, .address, "Where SIP listens; 0.0.0.0:5060 reaches beyond this machine."),
    .list("sip.transports", \.sip.transports, .choice(of: [.udp, .tcp]), "Transports of listen."),
    .scalar("sip.tls_listen", \.sip.tlsListen, .address, "Where SIP over TLS listens once tls_certificate is set."),
    .optional(
        "sip.tls_certificate", \.sip.tlsCertificate, .file,
        "PEM chain; opens the TLS listener; read again at SIGHUP. Calls out need none."),
    .optional("sip.tls_private_key", \.sip.tlsPrivateKey, .file, "PEM key of tls_certificate."),
    .optional("sip.tls_trust", \.sip.tlsTrust, .file, "PEM authorities trusted on trunks; absent: the system's."),
    .optional(
        "sip.advertised_address", \.sip.advertisedAddress, .text,
        "Address told to peers when the box is behind NAT."),
    .scalar("sip.max_calls", \.sip.maxCalls, .integer(1...100_000, unit: "calls"), "More are refused with 503."),
    .scalar(
        "sip.ring_timeout", \.sip.ringTimeout, .duration(.seconds(5)...(.seconds(600))),
        "How long a caller may ring unanswered, then 480."),
    .scalar(
        "sip.session_timer", \.sip.sessionTimer, .duration(.zero...(.seconds(86_400))),
        "Session refresh of RFC 4028; 0s: off."),
]

private let mediaFields: [Field<SwitchhookConfiguration>] = [
    .scalar("media.rtp_ports", \.media.rtpPorts, .ports, "Ports for RTP and RTCP, two for each SIP leg."),
    .scalar("media.bind", \.media.bind, .text, "Address for RTP; 0.0.0.0 reaches beyond this machine."),
    .optional(
        "media.advertised_address", \.media.advertisedAddress, .text,
        "Address put into SDP; absent: bind, or the way to the peer."),
    .scalar(
        "media.workers", \.media.workers, .integer(0...64, unit: "threads"),
        "Media threads; 0: usable cores less one, at least one."),
    .scalar(
        "media.relay_drain", \.media.relayDrain, .duration(.zero...(.milliseconds(10))),
        "How often relayed packets are moved; 0s: each at once."),
    .scalar(
        "media.rtp_timeout", \.media.rtpTimeout, .duration(.zero...(.seconds(3600))),
        "A leg silent for so long without hold is ended; 0s: never."),
    .list("media.codecs", \.media.codecs, .choice, "Codecs of legs that are on no trunk, in order of preference."),
    .scalar(
        "media.ptime", \.media.ptime, .duration(.milliseconds(5)...(.milliseconds(60))),
        "Preferred length of a packet: 5, 10, 20, 30, 40 or 60 ms."),
    .scalar(
        "media.inband_digits", \.media.inbandDigits, .flag,
        "Listen for keys in the sound of peers without telephone-events; their calls are mixed, not relayed."),
    .scalar(
        "media.speaking_events", \.media.speakingEvents, .choice,
        "Who is told who speaks: sessions of members, or RTC webhooks too; it is mixed then, not relayed."),
    .scalar(
        "media.ducking_db", \.media.duckingDecibels, .integer(0...40, unit: "dB"),
        "How far voices are lowered for those who hear a prompt over them; 0: not at all."),
    .scalar(
        "media.redundancy", \.media.redundancy, .choice,
        "Packets carry two older ones again (RFC 2198) to peers that agree: never, while they report loss, always."),
    .scalar(
        "media.comfort_noise", \.media.comfortNoise, .flag,
        "Pauses in a mix go as descriptions of noise (RFC 3389) to peers that agree; Opus has opus.dtx for it."),
    .scalar(
        "media.opus.application", \.media.opusApplication, .choice,
        "What Opus is tuned for; low-delay saves 4 ms and gives up forward error correction."),
    .scalar(
        "media.opus.bitrate", \.media.opusBitrate, .integer(6000...510_000, unit: "bit/s"),
        "Bits per second of Opus; a peer may ask for less."),
    .scalar(
        "media.opus.complexity", \.media.opusComplexity, .integer(0...10),
        "CPU that the Opus encoder may spend; from 8 on speech survives losses better. At 8 kHz 5 at most."),
    .scalar("media.opus.fec", \.media.opusFEC, .flag, "Opus packets carry the one before again when packets get lost."),
    .scalar("media.opus.dtx", \.media.opusDTX, .flag, "Opus sends next to nothing while nobody speaks."),
    .scalar("media.opus.cbr", \.media.opusCBR, .flag, "All Opus packets are of one size."),
    .scalar("media.offer_gcm", \.media.offerGCM, .flag, "Offer AEAD_AES_128_GCM where SRTP is offered."),
]

private let deviceFields: [Field<SwitchhookConfiguration>] = [
    .scalar(
        "device.period", \.device.period, .duration(.microseconds(2500)...(.milliseconds(40))),
        "Sound card period: how often sound is exchanged with it."),
    .scalar("device.periods", \.device.periods, .integer(2...8), "Periods in the card's buffer."),
    .scalar(
        "device.ring_level", \.device.ringLevelDecibels, .integer(-60...0, unit: "dB"), "Loudness of the ring tone."),
    .scalar(
        "device.echo_cancellation", \.device.echoCancellation, .flag,
        "Take what the loudspeaker plays out of what the microphone hears."),
    .scalar(
        "device.noise_suppression", \.device.noiseSuppression, .flag, "Take steady noise out of what it hears."),
    .scalar(
        "device.gain_control", \.device.gainControl, .flag, "Bring quiet and loud voices to one level, slowly."),
]

private let httpFields: [Field<SwitchhookConfiguration>] = [
    .scalar("http.listen", \.http.listen, .address, "Where HTTP listens; 0.0.0.0:8080 reaches beyond this machine."),
    .optional("http.tls_certificate", \.http.tlsCertificate, .file, "PEM chain; turns https on."),
    .optional("http.tls_private_key", \.http.tlsPrivateKey, .file, "PEM key of tls_certificate."),
    .optional(
        "http.public_url", \.http.publicURL, .webURL,
        "Base of URLs told to Applications; absent: made from listen."),
    .optional(
        "http.recording_url", \.http.recordingURL, .webURL,
        "Base of recording_url, for SDKs that only fetch from hosts of their own; absent: public_url."),
]

private let storeFields: [Field<SwitchhookConfiguration>] = [
    .scalar(
        "store.path", \.store.path, .text,
        "State folder, relative to the working directory; $STATE_DIRECTORY goes before the default."),
    .scalar(
        "store.retention", \.store.retention, .duration(.seconds(60)...(.seconds(3650 * 86_400))),
        "How long ended Conversations are kept."),
    .scalar(
        "store.recording_retention", \.store.recordingRetention, .duration(.seconds(60)...(.seconds(3650 * 86_400))),
        "How long recorded files are kept."),
]

private let collectionFields: [Field<SwitchhookConfiguration>] = [
    .collection(
        "applications", \.applications, applicationSchema, empty: { ApplicationSection() }, key: nameRule,
        "Keyed by id (a UUID) or name."),
    .collection(
        "numbers", \.numbers, numberSchema, empty: { NumberSection() }, key: numberRule, "Keyed by number, without +."),
    .collection("users", \.users, userSchema, empty: { UserSection() }, key: nameRule, "Keyed by user name."),
    .collection("trunks", \.trunks, trunkSchema, empty: { TrunkSection() }, key: nameRule, "Keyed by trunk name."),
]

private let webhookFields: [Field<SwitchhookConfiguration>] = [
    .scalar(
        "webhooks.retry", \.webhooks.retry, .choice, reloadable: true,
        "durable: kept and repeated for a day; cloud: two attempts, then dropped."),
    .scalar(
        "webhooks.connections_per_host", \.webhooks.connectionsPerHost, .integer(1...4096, unit: "connections"),
        reloadable: true, "Connections kept to one receiver."),
    .scalar("webhooks.issuer", \.webhooks.issuer, .text, reloadable: true, "Claim iss of signed webhooks."),
    .optional(
        "webhooks.trust", \.webhooks.trust, .file, reloadable: true,
        "PEM authorities trusted for https besides the system's."),
]

private let clientFields: [Field<SwitchhookConfiguration>] = [
    .scalar(
        "clients.login_timeout", \.clients.loginTimeout, .duration(.seconds(1)...(.seconds(60))),
        "A session that has shown no token by then is closed."),
    .scalar(
        "clients.ping_interval", \.clients.pingInterval, .duration(.seconds(5)...(.seconds(300))),
        "How often a silent session is probed."),
]

private let speechFields: [Field<SwitchhookConfiguration>] = [
    .scalar("speech.language", \.speech.language, .text, "Language of talk actions that name none."),
    .optional(
        "speech.synthesizer", \.speech.synthesizer, .text,
        "Command that speaks the text of talk actions, as README.md says; absent: the embedded voices."),
    .optional(
        "speech.recognizer", \.speech.recogniser, .text,
        "Command that recognises speech, as README.md says; absent: the embedded recogniser, English only."
    ),
    .scalar("speech.model", \.speech.model, .text, "Folder of the embedded recogniser's model."),
    .scalar(
        "speech.recognizers", \.speech.recognisersAtOnce, .integer(1...64, unit: "utterances"),
        "Utterances recognised at the same time."),
]

private let securityFields: [Field<SwitchhookConfiguration>] = [
    .scalar(
        "security.srtp_without_tls", \.security.srtpWithoutTLS, .choice,
        "SRTP keys over plain UDP or TCP; loopback: on loopback addresses only."),
    .list(
        "security.outbound.allow", \.security.outboundAllow, .network,
        "Networks that webhooks and streams may reach; absent: all that is not denied."),
    .list("security.outbound.deny", \.security.outboundDeny, .network, "Networks they may not reach."),
]

private let limitFields: [Field<SwitchhookConfiguration>] = [
    .scalar("limits.members", \.limits.members, .integer(2...1000, unit: "members"), "Members of one Conversation."),
    .scalar(
        "limits.call_length", \.limits.callLength, .duration(.seconds(1)...(.seconds(86_400))), "Longest call."),
    .scalar("limits.prompt_cache", \.limits.promptCacheBytes, .size(0...(8 << 30)), "Decoded prompts kept in memory."),
    .scalar("limits.prompt_file", \.limits.promptFileBytes, .size(1024...(1 << 30)), "One fetched sound file."),
    .scalar(
        "limits.prompt_file_time", \.limits.promptFileTime, .duration(.seconds(1)...(.seconds(300))),
        "From the request for a sound file to its last byte."),
    .scalar("limits.request_body", \.limits.requestBodyBytes, .size(1024...(64 << 20)), "Body of a REST request."),
    .scalar(
        "limits.calls_per_second", \.limits.callsPerSecond, .integer(0...10_000, unit: "calls"),
        "New calls of one Application by REST, beyond it 429; 0: no limit (the cloud: 3)."),
    .scalar(
        "limits.requests_per_second", \.limits.requestsPerSecond, .integer(0...100_000, unit: "requests"),
        "Other Voice API requests of one Application; 0: no limit (the cloud: 15)."),
    .scalar(
        "limits.http_connections", \.limits.httpConnections, .integer(1...100_000, unit: "connections"),
        "Open at once to http.listen."),
    .scalar(
        "limits.store_queue_rows", \.limits.storeQueueRows, .integer(100...10_000_000, unit: "rows"),
        "Events waiting for the disk, at most; while half of it waits new calls are refused."),
    .scalar(
        "limits.webhook_rows", \.limits.webhookRows, .integer(100...100_000_000, unit: "rows"),
        "Events of one Application that wait for a later attempt; beyond it the oldest is given up."),
    .scalar(
        "limits.recordings", \.limits.recordings, .integer(0...4096, unit: "recordings"), "Recordings at once."),
    .scalar(
        "limits.listenings", \.limits.listenings, .integer(0...10_000, unit: "legs"),
        "Speech inputs and machine detections at once."),
    .scalar(
        "limits.recording_file", \.limits.recordingFileBytes, .size(65_536...(2 << 30)),
        "One recorded file; a longer recording ends."),
    .scalar(
        "limits.recording_disk", \.limits.recordingDiskBytes, .size(0...(1 << 40)),
        "All recorded files together; beyond it nothing is recorded."),
    .scalar(
        "limits.transcriptions", \.limits.transcriptions, .integer(0...100_000, unit: "recordings"),
        "Recordings that wait to be transcribed; beyond it an error event tells so."),
]

private let logFields: [Field<SwitchhookConfiguration>] = [
    .scalar("log.level", \.log.level, .choice, reloadable: true, "Least severe line written."),
    .scalar("log.format", \.log.format, .choice, "text for people, json for programs."),
    .scalar(
        "drain_timeout", \.drainTimeout, .duration(.zero...(.seconds(86_400))),
        "How long running calls may go on after SIGTERM."),
]

/// Why a name cannot be a key, or nil.
@Sendable private func nameRule(_ key: String) -> String? {
    let isShort = (1...128).contains(key.utf8.count)
    return isShort && !key.contains(where: \.isNewline) ? nil : "a name has 1 to 128 bytes on one line"
}

@Sendable private func numberRule(_ key: String) -> String? {
    var digits = Substring(key)
    if digits.hasPrefix("+") { digits.removeFirst() }
    if digits.hasSuffix("*") { digits.removeLast() }
    let isNumber =
        digits.utf8.count <= 32 && (key.hasSuffix("*") || !digits.isEmpty)
        && digits.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
                || $0 == 46
        }
    return isNumber ? nil : "a number has 1 to 32 digits or letters and may end in *"
}
