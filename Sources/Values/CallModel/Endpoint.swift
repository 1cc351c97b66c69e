public import WireJSON

/// One end of a channel or call, as it looks in `channel.from`, `channel.to` and call objects.
public enum Endpoint: Hashable, Sendable {
    case phone(number: String)
    case sip(uri: String)
    case app(user: String)
    case websocket(uri: String)
    case vbc(extension: String)

    public enum Kind: String, Sendable, CaseIterable {
        case phone, sip, app, websocket, vbc
    }

    public var kind: Kind {
        switch self {
        case .phone: .phone
        case .sip: .sip
        case .app: .app
        case .websocket: .websocket
        case .vbc: .vbc
        }
    }

    /// The bare number, URI, user name or extension: `from` and `to` of voice webhooks.
    public var address: String {
        switch self {
        case .phone(let number): number
        case .sip(let uri), .websocket(let uri): uri
        case .app(let user): user
        case .vbc(let ext): ext
        }
    }

    /// `{"type": "phone", "number": …}`
    public var json: JSON {
        switch self {
        case .phone(let number): ["type": "phone", "number": .string(number)]
        case .sip(let uri): ["type": "sip", "uri": .string(uri)]
        case .app(let user): ["type": "app", "user": .string(user)]
        case .websocket(let uri): ["type": "websocket", "uri": .string(uri)]
        case .vbc(let ext): ["type": "vbc", "extension": .string(ext)]
        }
    }
}
