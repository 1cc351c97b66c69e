public import CallModel
public import EdgeProtocols
public import NCCO

/// Where a `connect` leads: trunk, SIP peer, sound device or live sessions.
public enum Routing {
    public enum Destination: Sendable {
        case sip(to: Endpoint, Dial)
        case device(UserAccount, DeviceSetting)
        case sessions(UserAccount)
        case socket(SocketCall)
        /// It cannot be reached; the leg exists only to say so.
        case refused(to: Endpoint, LegEnding)
    }

    public static func route(
        _ action: Connect, caller: Leg, of application: ApplicationID, _ world: World
    ) -> Destination {
        let random = action.randomFromNumber ? anyNumber(of: application, world) : nil
        switch action.endpoint {
        case .phone(let number, _, _): return phone(number, from: action, caller: caller, of: application, world)
        case .sip(let endpoint): return sip(endpoint, from: random ?? action.from ?? callerID(caller), world)
        case .app(let user): return app(user, application: nil, world)
        case .websocket(let endpoint): return .socket(SocketCall(endpoint))
        case .vbc(let name): return vbc(name, from: random ?? action.from ?? callerID(caller), world)
        }
    }

    /// `POST /v1/calls`: the same destinations without a calling leg.
    public static func route(
        _ endpoint: ConnectEndpoint, from: String?, of application: ApplicationID, _ world: World
    ) -> Destination {
        var action = Connect(endpoint: endpoint)
        action.from = from
        let caller = from ?? anyNumber(of: application, world) ?? "switchhook"
        switch endpoint {
        case .phone(let number, _, _): return phone(number, from: action, caller: nil, of: application, world)
        case .sip(let endpoint): return sip(endpoint, from: caller, world)
        case .app(let user): return app(user, application: nil, world)
        case .websocket(let endpoint): return .socket(SocketCall(endpoint))
        case .vbc(let name): return vbc(name, from: caller, world)
        }
    }

    /// An extension is a user with a contact; a registrar replaces that table later.
    private static func vbc(_ name: String, from: String, _ world: World) -> Destination {
        let to = Endpoint.vbc(extension: name)
        guard let contact = world.directory.users[name]?.contact else {
            return .refused(to: to, Endings.boxFailure("cannot_route", reason: "not_found", sipCode: 404))
        }
        guard case .sip(_, let dial) = sip(SIPEndpoint(address: .uri(contact)), from: from, world) else {
            return .refused(to: to, Endings.boxFailure("cannot_route", reason: "not_found", sipCode: 404))
        }
        return .sip(to: to, dial)
    }

    private static func app(_ user: String, application: ApplicationID?, _ world: World) -> Destination {
        guard let account = world.directory.users[user] else {
            return .refused(to: .app(user: user), Endings.boxFailure("cannot_route", reason: "not_found", sipCode: 404))
        }
        if let device = account.device { return .device(account, device) }
        return .sessions(account)
    }

    private static func phone(
        _ number: String, from action: Connect, caller: Leg?, of application: ApplicationID, _ world: World
    ) -> Destination {
        let to = Endpoint.phone(number: number)
        guard let trunk = trunk(for: number, world.directory.trunks) else {
            return .refused(to: to, Endings.boxFailure("cannot_route", reason: "not_found", sipCode: 404))
        }
        let ours = caller.flatMap { world.directory.route(for: $0.to.address) != nil ? $0.to.address : nil }
        let any = anyNumber(of: application, world)
        let from = action.randomFromNumber ? any : action.from ?? ours ?? any
        guard let from, trunk.allowForeignCallerID || world.directory.route(for: from) != nil else {
            return .refused(to: to, Endings.boxFailure("cannot_route", reason: "failed", sipCode: 403))
        }
        return .sip(to: to, dial(trunk, user: number, from: from, headers: [], world))
    }

    private static func dial(
        _ trunk: Trunk, user: String, from: String, headers: [SIPHeader], _ world: World
    ) -> Dial {
        var uri = URIParts(trunk.uri)
        uri.user = user
        var media = world.settings.insideMedia
        media.codecs = trunk.codecs
        media.srtp = trunk.srtp
        media.lock = trunk.mediaLock
        media.mayExchangeKeys = mayExchangeKeys(uri, world.settings)
        return Dial(target: uri.text, fromUser: from, headers: headers, trunk: trunk.name, media: media)
    }

    private static func sip(_ endpoint: SIPEndpoint, from: String, _ world: World) -> Destination {
        var headers = endpoint.headers.map { SIPHeader(name: $0.name, value: $0.value) }
        if let userToUser = endpoint.userToUser { headers.append(SIPHeader(name: "User-to-User", value: userToUser)) }
        switch endpoint.address {
        case .trunk(let user, let domain):
            let to = Endpoint.sip(uri: "sip:\(user)@\(domain)")
            guard let trunk = world.directory.trunks.first(where: { $0.name == domain }) else {
                return .refused(to: to, Endings.boxFailure("cannot_route", reason: "not_found", sipCode: 404))
            }
            return .sip(to: to, dial(trunk, user: user, from: from, headers: headers, world))
        case .uri(let text):
            var uri = URIParts(text)
            var media = world.settings.insideMedia
            media.srtp = .off
            // Ours, not the peer's: taken out before the request is sent (sip-interworking §3).
            if uri.takeParameter("media") == "srtp" { media.srtp = .required }
            if let codec = uri.takeParameter("codec") { media.codecs = [codec] }
            media.mayExchangeKeys = mayExchangeKeys(uri, world.settings)
            return .sip(
                to: .sip(uri: uri.text),
                Dial(target: uri.text, fromUser: from, headers: headers, trunk: nil, media: media))
        }
    }

    /// The trunk with the longest prefix that fits.
    static func trunk(for number: String, _ trunks: [Trunk]) -> Trunk? {
        var best: (Trunk, Int)?
        for trunk in trunks {
            let length = trunk.prefixes.isEmpty ? 0 : trunk.prefixes.filter { number.hasPrefix($0) }.map(\.count).max()
            guard let length, length > (best?.1 ?? -1) else { continue }
            best = (trunk, length)
        }
        return best?.0
    }

    private static func callerID(_ caller: Leg) -> String { caller.from?.address ?? "anonymous" }

    /// One of the Application's own numbers, by chance.
    private static func anyNumber(of application: ApplicationID, _ world: World) -> String? {
        let own = world.directory.numbers.filter { $0.application == application && !$0.number.hasSuffix("*") }
        return own.isEmpty ? nil : own[world.pick(own.count)].number
    }

    /// SDES keys only over TLS, or where `security.srtp_without_tls` lets them (contract README 15).
    static func mayExchangeKeys(_ uri: URIParts, _ settings: CallSettings) -> Bool {
        if uri.isSecure { return true }
        switch settings.srtpWithoutTLS {
        case .allow: return true
        case .loopback: return uri.host.hasPrefix("127.") || uri.host == "localhost" || uri.host == "[::1]"
        case .refuse: return false
        }
    }
}

extension SocketCall {
    init(_ endpoint: WebSocketEndpoint) {
        self.init(
            uri: endpoint.uri, rate: endpoint.sampleRate, headers: endpoint.headers,
            authorization: endpoint.authorization.map { authorization in
                switch authorization {
                case .vonage: .signature
                case .custom(let value): .custom(value)
                }
            })
    }
}

/// The parts of a SIP URI that routing reads and changes; everything else passes through.
struct URIParts: Hashable, Sendable {
    var scheme: String
    var user: String?
    var host: String
    var parameters: [String]

    init(_ text: String) {
        let colon = text.firstIndex(of: ":")
        scheme = colon.map { String(text[..<$0]).lowercased() } ?? "sip"
        var rest = colon.map { String(text[text.index(after: $0)...]) } ?? text
        if let at = rest.lastIndex(of: "@") {
            user = String(rest[..<at])
            rest = String(rest[rest.index(after: at)...])
        }
        var pieces = rest.split(separator: ";", omittingEmptySubsequences: true).map(String.init)
        let hostPort = pieces.isEmpty ? "" : pieces.removeFirst()
        parameters = pieces
        hostAndPort = hostPort
        if hostPort.hasPrefix("["), let end = hostPort.firstIndex(of: "]") {
            host = String(hostPort[...end])
        } else {
            host = String(hostPort.split(separator: ":").first ?? "")
        }
    }

    private var hostAndPort: String

    var text: String {
        scheme + ":" + (user.map { $0 + "@" } ?? "") + hostAndPort + parameters.map { ";" + $0 }.joined()
    }

    var isSecure: Bool { scheme == "sips" || parameters.contains { $0.lowercased() == "transport=tls" } }

    /// Removes `name=value` and returns the value in lower case.
    mutating func takeParameter(_ name: String) -> String? {
        guard let index = parameters.firstIndex(where: { $0.lowercased().hasPrefix(name + "=") }) else { return nil }
        return String(parameters.remove(at: index).dropFirst(name.count + 1)).lowercased()
    }
}
