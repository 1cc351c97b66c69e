import CallModel

let applicationSchema = Schema<ApplicationSection>(identityFields + callbackFields + behaviourFields)

private let identityFields: [Field<ApplicationSection>] = [
    .optional("id", \.id, .uuid, reloadable: true, "UUID; absent: the key, or derived from the name."),
    .optional("name", \.name, .text, reloadable: true, "Shown name; absent: the key."),
]

private let callbackFields: [Field<ApplicationSection>] =
    webhook(
        "capabilities.voice.webhooks.answer_url", \.answerURL, "Asked for the call script when a call arrives.")
    + webhook("capabilities.voice.webhooks.fallback_answer_url", \.fallbackAnswerURL, "Asked when answer_url fails.")
    + webhook("capabilities.voice.webhooks.event_url", \.voiceEventURL, "Told of every call state.")
    + [voiceSigning, legPersistence]
    + webhook("capabilities.rtc.webhooks.event_url", \.rtcEventURL, "Told of every Conversation event.")
    + [rtcSigning]

private let voiceSigning = Field<ApplicationSection>.scalar(
    "capabilities.voice.signed_callbacks", \.voiceSignedCallbacks, .flag, reloadable: true, "Sign voice webhooks.")

private let legPersistence = Field<ApplicationSection>.scalar(
    "capabilities.voice.leg_persistence_time", \.legPersistenceDays, .integer(1...31, unit: "days"), reloadable: true,
    "How long its finished calls can be read by the Voice API.")

private let rtcSigning = Field<ApplicationSection>.scalar(
    "capabilities.rtc.signed_callbacks", \.rtcSignedCallbacks, .flag, reloadable: true, "Sign RTC webhooks.")

private let behaviourFields: [Field<ApplicationSection>] = [
    .optional(
        "signature_secret", \.signatureSecret, .text, reloadable: true, secret: true,
        "Signs its webhooks; absent: the account's."),
    .optional(
        "answer_ncco", \.answerNCCO, .file, reloadable: true,
        "Call script run from disk instead of asking answer_url; relative to this file."),
    .scalar(
        "answer_on", \.answerOn, .choice, reloadable: true,
        "media: the caller is answered by the first action that needs sound; script: by a valid script."),
    .scalar(
        "answer_deadline", \.answerDeadline, .duration(.seconds(1)...(.seconds(60))), reloadable: true,
        "All attempts at answer_url and its fallback together; at most 4.5 s where a user calls."),
    .scalar(
        "answer_webhook_fields", \.answerWebhookFields, .choice, reloadable: true,
        "legacy: only the fields old SDKs know."),
    .optional(
        "keys.public_key", \.publicKey, .file, reloadable: true,
        "PEM; verifies its tokens. Absent: a pair is made on first use."),
    .optional(
        "keys.private_key", \.privateKey, .file, reloadable: true,
        "PEM; only for switchhook token."),
]

let numberSchema = Schema<NumberSection>([
    .optional("application", \.application, .text, reloadable: true, "Name or id of the Application."),
    .optional(
        "answer_ncco", \.answerNCCO, .file, reloadable: true,
        "Call script of this number alone; relative to this file."),
])

let userSchema = Schema<UserSection>([
    .optional("display_name", \.displayName, .text, reloadable: true, "Shown name."),
    .list(
        "device.playback", \.playback, .text, reloadable: true,
        "ALSA PCMs in order of preference: default, hw:0, card:PCH; none: silence; echo: what is heard is said."),
    .list("device.capture", \.capture, .text, reloadable: true, "The same for the microphone."),
    .optional(
        "device.period", \.period, .duration(.microseconds(2500)...(.milliseconds(40))), reloadable: true,
        "Absent: device.period of the box."),
    .optional(
        "device.periods", \.periods, .integer(2...8), reloadable: true, "Absent: device.periods of the box."),
    .list(
        "device.playback_channels", \.playbackChannels, .integer(0...7), reloadable: true,
        "Channels of the card that play, from 0; absent: the first two."),
    .list(
        "device.capture_channels", \.captureChannels, .integer(0...7), reloadable: true,
        "Channels that are heard, as their mean; absent: all."),
    .mapping(
        "device.mixer", \.mixer, .level, reloadable: true,
        "Controls of the card's mixer as alsamixer shows them, set when it is opened: {Master: 80%, Mic Boost: off}."),
    .optional(
        "device.ring_level", \.ringLevelDecibels, .integer(-60...0, unit: "dB"), reloadable: true,
        "Absent: device.ring_level of the box."),
    .scalar(
        "device.headset", \.headset, .flag, reloadable: true,
        "It has no loudspeaker that its microphone hears: no echo cancellation."),
    .optional(
        "device.echo_cancellation", \.echoCancellation, .flag, reloadable: true,
        "Absent: device.echo_cancellation of the box, off with a headset."),
    .optional(
        "device.noise_suppression", \.noiseSuppression, .flag, reloadable: true,
        "Absent: device.noise_suppression of the box."),
    .optional(
        "device.gain_control", \.gainControl, .flag, reloadable: true, "Absent: device.gain_control of the box."),
    .scalar("auto_answer", \.autoAnswer, .flag, reloadable: true, "Join at once instead of ringing."),
    .list(
        "applications", \.applications, .text, reloadable: true, "Applications it belongs to; absent: all."),
    .optional("contact", \.contact, .sipURI, reloadable: true, "Phone of a VBC extension."),
])

let trunkSchema = Schema<TrunkSection>([
    .optional("uri", \.uri, .sipURI, reloadable: true, "sip:host[:port][;transport=tcp|tls]"),
    .optional("username", \.username, .text, reloadable: true, "For digest authentication."),
    .optional("password", \.password, .text, reloadable: true, secret: true, "For digest authentication."),
    .scalar("register", \.register, .flag, reloadable: true, "Register there, so that it sends calls here."),
    .scalar(
        "register_expiry", \.registerExpiry, .duration(.seconds(60)...(.seconds(86_400))), reloadable: true,
        "Asked for when registering."),
    .scalar(
        "verify_certificate", \.verifyCertificate, .flag, reloadable: true,
        "Over TLS: check its certificate; false for one that it signed itself."),
    .scalar("srtp", \.srtp, .choice, reloadable: true, "Encrypted sound."),
    .scalar(
        "media.lock", \.mediaLock, .choice, reloadable: true, "From where sound is accepted."),
    .list("codecs", \.codecs, .choice, reloadable: true, "In order of preference."),
    .list(
        "addresses", \.addresses, .network, reloadable: true, "Networks its calls come from; absent: the hosts of uri."),
    .list("prefixes", \.prefixes, .text, reloadable: true, "Numbers it takes, longest match wins; absent: all."),
    .scalar(
        "allow_foreign_caller_id", \.allowForeignCallerID, .flag, reloadable: true,
        "Let callers show numbers that are not the box's."),
    .scalar("trusted", \.trusted, .flag, reloadable: true, "Believe P-Asserted-Identity of its calls."),
])

/// The four keys of a webhook, spelled as Application descriptions spell them (voice-webhooks §6).
private func webhook(
    _ path: String, _ target: SendableKeyPath<ApplicationSection, WebhookSection>, _ doc: String
) -> [Field<ApplicationSection>] {
    let fields: [Field<WebhookSection>] = [
        .optional("address", \.address, .webURL, reloadable: true, doc),
        .scalar("http_method", \.method, .choice(of: [.get, .post]), reloadable: true, "How it is asked."),
        .scalar(
            "connect_timeout", \.connectTimeoutMilliseconds, .integer(300...1000, unit: "ms"),
            aliases: ["connection_timeout"], reloadable: true, "Time to connect."),
        .scalar(
            "socket_timeout", \.socketTimeoutMilliseconds, .integer(1000...10_000, unit: "ms"), reloadable: true,
            "Time for the whole answer."),
    ]
    return fields.map { $0.embedded(at: path, target) }
}
