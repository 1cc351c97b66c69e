import CallControl
import CallModel
import ConfigFile
import ControlAPI
import ConversationRuntime
import EdgeProtocols
import HTTPFetch
import Logging
import MediaEngine
import PromptAudio
import SIPStack
import SpeechRecognition
import WebhookClient

/// From the configuration to the settings of each part.
extension SwitchhookConfiguration {
    func completeDirectory(_ secrets: Secrets) throws -> Directory {
        var directory = try directory(account: try secrets.account(account))
        for (id, application) in directory.applications {
            directory.applications[id] = try secrets.complete(application)
        }
        return directory
    }

    func fetcher() throws(DaemonFault) -> HTTPFetcher.Configuration {
        func networks(_ texts: [String], _ key: String) throws(DaemonFault) -> [IPNetwork] {
            var networks: [IPNetwork] = []
            for text in texts {
                guard let network = IPNetwork(text) else {
                    throw DaemonFault("security.outbound.\(key): '\(text)' is not an address or network (10.0.0.0/8)")
                }
                networks.append(network)
            }
            return networks
        }
        return HTTPFetcher.Configuration(
            connectionsPerHost: webhooks.connectionsPerHost,
            outbound: OutboundPolicy(
                allow: try networks(security.outboundAllow, "allow"), deny: try networks(security.outboundDeny, "deny")),
            trustRootsFile: webhooks.trust)
    }

    var delivery: DeliverySettings {
        var settings = DeliverySettings()
        settings.retry = webhooks.retry == .cloud ? .cloud : .durable
        settings.connectionsPerHost = webhooks.connectionsPerHost
        settings.issuer = webhooks.issuer
        settings.parkedRows = limits.webhookRows
        return settings
    }

    /// Relative prompt and script paths start at the configuration file's folder.
    var folder: String {
        guard let file, let slash = file.lastIndex(of: "/") else { return "." }
        return String(file[..<slash])
    }

    /// Recorded files lie in the state folder.
    var filesFolder: String { store.path + "/files" }

    var recognition: SpeechRecogniser.Settings {
        var settings = SpeechRecogniser.Settings()
        settings.model = speech.model
        settings.command = speech.recogniser?.split(separator: " ").map(String.init) ?? []
        settings.enginesAtOnce = speech.recognisersAtOnce
        return settings
    }

    /// Engines of their own, below the calls: a caller who speaks waits for no recording.
    var transcription: SpeechRecogniser.Settings {
        var settings = recognition
        settings.enginesAtOnce = 1
        settings.niceness = 10
        return settings
    }

    var promptLimits: PromptLibrary.Limits {
        var limits = PromptLibrary.Limits()
        limits.cacheBytes = self.limits.promptCacheBytes
        limits.fileBytes = self.limits.promptFileBytes
        return limits
    }

    var runtime: RuntimeSettings {
        var settings = RuntimeSettings()
        settings.maximumCalls = sip.maxCalls
        settings.calls.membersPerConversation = limits.members
        settings.calls.inboundRingSeconds = Int(sip.ringTimeout.components.seconds)
        settings.calls.callSeconds = Int(limits.callLength.components.seconds)
        settings.calls.apiBase = http.publicURL ?? "http://\(http.listen)"
        settings.calls.recordingBase = http.recordingURL ?? settings.calls.apiBase
        settings.filesFolder = filesFolder
        settings.filesBytes = Int64(limits.recordingDiskBytes)
        var opus = OpusPolicy()
        opus.application = media.opusApplication
        opus.bitrate = media.opusBitrate
        opus.complexity = media.opusComplexity
        opus.usesInbandFEC = media.opusFEC
        opus.usesDTX = media.opusDTX
        opus.isConstantRate = media.opusCBR
        settings.calls.insideMedia = MediaPolicy(
            codecs: media.codecs.map(\.rawValue), srtp: .offered, offerGCM: media.offerGCM,
            ptimeMilliseconds: Int(media.ptime.components.attoseconds / 1_000_000_000_000_000), opus: opus)
        settings.calls.insideMedia.hearsKeys = media.inbandDigits
        settings.calls.speakingEvents = media.speakingEvents
        settings.calls.insideMedia.redundancy = media.redundancy
        settings.calls.insideMedia.describesNoise = media.comfortNoise
        settings.calls.srtpWithoutTLS = security.srtpWithoutTLS
        return settings
    }

    var mediaEngine: MediaEngineConfiguration {
        var settings = MediaEngineConfiguration()
        settings.bindAddress = media.bind
        settings.advertisedAddress = media.advertisedAddress
        settings.rtpPorts = media.rtpPorts.first...media.rtpPorts.last
        settings.workers = media.workers == 0 ? nil : media.workers
        settings.relayDrainMilliseconds = Int(media.relayDrain / .milliseconds(1))
        settings.rtpTimeoutSeconds = Int(media.rtpTimeout.components.seconds)
        settings.duckingDecibels = media.duckingDecibels
        // Locked memory cannot be given back to the system: after 11 000 calls the process kept 210 MB that it had freed.
        settings.locksMemory = false
        settings.maximumLegs = 2 * sip.maxCalls + 64
        settings.maximumRecordings = limits.recordings
        settings.maximumListenings = limits.listenings
        settings.recordingFileBytes = Int64(limits.recordingFileBytes)
        return settings
    }

    func sipStack(trunks: [Trunk]) -> SIPConfiguration {
        var settings = SIPConfiguration(
            hosts: [sip.listen.host], port: sip.listen.port, advertisedHost: sip.advertisedAddress, trunks: trunks)
        if let certificate = sip.tlsCertificate {
            settings.tls = SIPConfiguration.TLS(
                port: sip.tlsListen.port, certificatePath: certificate, keyPath: sip.tlsPrivateKey ?? certificate)
        }
        settings.authoritiesPath = sip.tlsTrust
        settings.listensOnUDP = sip.transports.contains(.udp)
        settings.listensOnTCP = sip.transports.contains(.tcp)
        settings.sessionExpirySeconds = Int(sip.sessionTimer.components.seconds)
        return settings
    }

    var controlAPI: ControlAPIConfiguration {
        var settings = ControlAPIConfiguration(host: http.listen.host, port: Int(http.listen.port))
        settings.certificateFile = http.tlsCertificate
        settings.privateKeyFile = http.tlsPrivateKey
        settings.publicBaseURL = http.publicURL
        settings.controlSocket = store.path + "/control.sock"
        settings.filesFolder = filesFolder
        settings.bodyLimitBytes = limits.requestBodyBytes
        settings.connectionLimit = limits.httpConnections
        settings.callsPerSecond = limits.callsPerSecond
        settings.requestsPerSecond = limits.requestsPerSecond
        settings.heartbeat = clients.pingInterval
        settings.tokenDeadline = clients.loginTimeout
        return settings
    }
}

extension LogSection.Level {
    var logger: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}
