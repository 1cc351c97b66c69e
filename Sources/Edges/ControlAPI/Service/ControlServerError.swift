/// Why the HTTP side of the box could not start: one line that says what and how to mend it.
public struct ControlServerError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        case addressInUse = "address_in_use"
        case cannotBind = "cannot_bind"
        case certificate
        case controlSocket = "control_socket"
    }
    public var code: Code
    public var detail: String
    public var description: String { detail }

    init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }
}
