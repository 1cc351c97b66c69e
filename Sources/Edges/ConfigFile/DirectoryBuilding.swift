public import CallModel

extension SwitchhookConfiguration {
    /// What calls look up, made of the file; key files are read here.
    ///
    /// - Parameter account: complete: the daemon fills what the file leaves out from the state folder. The same goes
    ///   for key pairs: an Application without `keys` comes back with nil.
    /// - Throws: a key file that went away or holds no PEM.
    public func directory(account: Account) throws(ConfigFaults) -> Directory {
        var faults: [ConfigFault] = []
        var declared: [ApplicationID: Application] = [:]
        for (key, section) in applications {
            let application = self.application(key: key, section, &faults)
            declared[application.id] = application
        }
        let routes = numbers.compactMap { number, section -> NumberRoute? in
            guard let owner = section.application.flatMap(applicationID(named:)) else { return nil }
            let bare = number.hasPrefix("+") ? String(number.dropFirst()) : number
            return NumberRoute(number: bare, application: owner, answerNCCOFile: section.answerNCCO)
        }
        let accounts = users.map { name, section in (name, user(named: name, section)) }
        let peers = trunks.sorted { $0.key < $1.key }.compactMap { name, section in trunk(named: name, section) }
        if !faults.isEmpty { throw ConfigFaults(faults: faults) }
        return Directory(
            account: account, applications: declared, numbers: routes.sorted { $0.number < $1.number },
            users: Dictionary(uniqueKeysWithValues: accounts), trunks: peers)
    }

    /// The Application a name or id in the file means.
    public func applicationID(named name: String) -> ApplicationID? {
        if let section = applications[name] { return applicationID(key: name, section) }
        let wanted = UUIDText.canonical(name)
        let match = applications.sorted { $0.key < $1.key }.first { key, section in
            section.name == name || UUIDText.canonical(applicationID(key: key, section).text) == wanted
        }
        return match.map { applicationID(key: $0.key, $0.value) }
    }

    /// The private key the file names for an Application; nil: the pair is made on first use.
    public func privateKeyFile(of id: ApplicationID) -> String? {
        applications.first { applicationID(key: $0.key, $0.value) == id }?.value.privateKey
    }

    func applicationID(key: String, _ section: ApplicationSection) -> ApplicationID {
        if let id = section.id { return ApplicationID(id) }
        if ValueType<String>.isUUID(key) { return ApplicationID(key.lowercased()) }
        return ApplicationID(derivedUUID(key))
    }

    private func application(
        key: String, _ section: ApplicationSection, _ faults: inout [ConfigFault]
    ) -> Application {
        var application = Application(id: applicationID(key: key, section), name: section.name ?? key)
        application.declaredAt = place(of: "applications.\(key)")
        application.answerURL = section.answerURL.setting
        application.fallbackAnswerURL = section.fallbackAnswerURL.setting
        application.voiceEventURL = section.voiceEventURL.setting
        application.rtcEventURL = section.rtcEventURL.setting
        application.answerNCCOFile = section.answerNCCO
        application.answerOn = section.answerOn
        application.answerDeadlineMilliseconds = Int(section.answerDeadline / .milliseconds(1))
        application.answerWebhookFields = section.answerWebhookFields
        application.voiceSignedCallbacks = section.voiceSignedCallbacks
        application.legPersistenceDays = section.legPersistenceDays
        application.rtcSignedCallbacks = section.rtcSignedCallbacks
        application.signatureSecret = section.signatureSecret
        application.publicKeyPEM = pem(section.publicKey, at: "applications.\(key).keys.public_key", &faults)
        application.privateKeyPEM = pem(section.privateKey, at: "applications.\(key).keys.private_key", &faults)
        return application
    }

    /// `file:line` where an element of a collection is written.
    private func place(of path: String) -> String {
        if let origin = origins[path] { return origin.description }
        let lines = origins.filter { $0.key.hasPrefix(path + ".") }.sorted { $0.key < $1.key }
        return lines.first?.value.description ?? file ?? "the configuration"
    }

    private func pem(_ path: String?, at key: String, _ faults: inout [ConfigFault]) -> String? {
        guard let path else { return nil }
        let origin = origins[key] ?? .file(file ?? "defaults", line: 1)
        do {
            let text = try readText(path)
            if text.contains("-----BEGIN ") { return text }
            faults.append(ConfigFault(origin: origin, path: key, reason: "\(path) holds no PEM key"))
        } catch {
            faults.append(ConfigFault(origin: origin, path: key, reason: error.reason))
        }
        return nil
    }

    private func user(named name: String, _ section: UserSection) -> UserAccount {
        var user = UserAccount(name: name)
        user.declaredAt = place(of: "users.\(name)")
        user.displayName = section.displayName
        user.applications = section.applications
        user.contact = section.contact
        if !section.playback.isEmpty || !section.capture.isEmpty {
            // A device with one direction only is silent in the other.
            var setting = DeviceSetting(
                playback: section.playback.isEmpty ? ["none"] : section.playback,
                capture: section.capture.isEmpty ? ["none"] : section.capture)
            setting.periodMicroseconds = Int((section.period ?? device.period) / .microseconds(1))
            setting.periods = section.periods ?? device.periods
            setting.playbackChannels = section.playbackChannels
            setting.captureChannels = section.captureChannels
            setting.mixer = section.mixer
            setting.ringLevelDecibels = section.ringLevelDecibels ?? device.ringLevelDecibels
            setting.cancelsEcho = section.echoCancellation ?? (device.echoCancellation && !section.headset)
            setting.suppressesNoise = section.noiseSuppression ?? device.noiseSuppression
            setting.controlsGain = section.gainControl ?? device.gainControl
            setting.autoAnswer = section.autoAnswer
            user.device = setting
        }
        return user
    }

    private func trunk(named name: String, _ section: TrunkSection) -> Trunk? {
        guard let uri = section.uri else { return nil }
        var trunk = Trunk(name: name, uri: uri)
        trunk.username = section.username
        trunk.password = section.password
        trunk.register = section.register
        trunk.registerExpirySeconds = Int(section.registerExpiry / .seconds(1))
        trunk.verifiesCertificate = section.verifyCertificate
        trunk.srtp = section.srtp
        trunk.mediaLock = section.mediaLock
        trunk.codecs = section.codecs.map(\.rawValue)
        trunk.trusted = section.trusted
        trunk.addresses = section.addresses
        trunk.allowForeignCallerID = section.allowForeignCallerID
        trunk.prefixes = section.prefixes
        return trunk
    }
}

/// A UUID (version 8, RFC 9562 §5.8) that is always the same for one name: two FNV-1a hashes with different starts.
func derivedUUID(_ name: String) -> String {
    func hash(_ start: UInt64) -> UInt64 {
        name.utf8.reduce(start) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
    let high = (hash(0xCBF2_9CE4_8422_2325) & 0xFFFF_FFFF_FFFF_0FFF) | 0x8000
    let low = (hash(0x8422_2325_CBF2_9CE4) & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
    func hex(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
    let text = Array(hex(high) + hex(low))
    return [text[0..<8], text[8..<12], text[12..<16], text[16..<20], text[20..<32]].map { String($0) }
        .joined(separator: "-")
}
