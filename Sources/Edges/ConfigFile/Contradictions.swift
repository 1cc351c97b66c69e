import CallModel

extension SwitchhookConfiguration {
    /// What no single key can see: keys that need each other, names that point nowhere, ids that clash.
    func contradictions() -> [ConfigFault] {
        tlsPairs() + listsThatMustNotBeEmpty() + applicationClashes() + danglingNames() + trunkFaults()
    }

    private func fault(_ path: String, _ reason: String) -> ConfigFault {
        // The nearest value or element that was written gives the line.
        var place = Substring(path)
        while origins[String(place)] == nil, let dot = place.lastIndex(of: ".") { place = place[..<dot] }
        return ConfigFault(
            origin: origins[String(place)] ?? .file(file ?? "defaults", line: 1), path: path, reason: reason)
    }

    private func tlsPairs() -> [ConfigFault] {
        let pairs = [
            ("sip", sip.tlsCertificate, sip.tlsPrivateKey), ("http", http.tlsCertificate, http.tlsPrivateKey),
        ]
        return pairs.compactMap { section, certificate, key in
            switch (certificate, key) {
            case (.some, .none): fault("\(section).tls_certificate", "needs \(section).tls_private_key as well")
            case (.none, .some): fault("\(section).tls_private_key", "needs \(section).tls_certificate as well")
            case (.some, .some), (.none, .none): nil
            }
        }
    }

    private func listsThatMustNotBeEmpty() -> [ConfigFault] {
        var faults: [ConfigFault] = []
        if sip.transports.isEmpty, sip.tlsCertificate == nil {
            faults.append(fault("sip.transports", "empty, and no TLS certificate is set: SIP would listen nowhere"))
        }
        if media.codecs.isEmpty { faults.append(fault("media.codecs", "at least one codec is needed")) }
        return faults
    }

    private func applicationClashes() -> [ConfigFault] {
        var faults: [ConfigFault] = []
        var owners: [String: String] = [:]
        for (key, application) in applications.sorted(by: { $0.key < $1.key }) {
            let id = applicationID(key: key, application).text
            if let other = owners.updateValue(key, forKey: id) {
                faults.append(fault("applications.\(key)", "has the id of \(other): \(id)"))
            }
            if application.rtcEventURL.address != nil, application.rtcEventURL.method != .post {
                faults.append(
                    fault(
                        "applications.\(key).capabilities.rtc.webhooks.event_url.http_method",
                        "must be POST: the event is in the body"))
            }
        }
        return faults
    }

    private func danglingNames() -> [ConfigFault] {
        var faults: [ConfigFault] = []
        var numberOwners: [String: String] = [:]
        for (key, number) in numbers.sorted(by: { $0.key < $1.key }) {
            let bare = key.hasPrefix("+") ? String(key.dropFirst()) : key
            if let other = numberOwners.updateValue(key, forKey: bare) {
                faults.append(fault("numbers.\(key)", "is the same number as \(other)"))
            }
            if let name = number.application {
                faults += unknownApplication(name, at: "numbers.\(key).application")
            } else {
                faults.append(fault("numbers.\(key)", "needs application"))
            }
        }
        for (key, user) in users.sorted(by: { $0.key < $1.key }) {
            for name in user.applications { faults += unknownApplication(name, at: "users.\(key).applications") }
        }
        return faults
    }

    private func unknownApplication(_ name: String, at path: String) -> [ConfigFault] {
        guard applicationID(named: name) == nil else { return [] }
        let hint = didYouMean(name, among: applications.keys)
        return [fault(path, "no application named \(quoted(name))" + hint)]
    }

    private func trunkFaults() -> [ConfigFault] {
        var faults: [ConfigFault] = []
        for (key, trunk) in trunks.sorted(by: { $0.key < $1.key }) {
            if trunk.uri == nil { faults.append(fault("trunks.\(key)", "needs uri")) }
            if trunk.password != nil, trunk.username == nil {
                faults.append(fault("trunks.\(key).password", "needs username as well"))
            }
            if trunk.codecs.isEmpty { faults.append(fault("trunks.\(key).codecs", "at least one codec is needed")) }
        }
        return faults
    }
}
