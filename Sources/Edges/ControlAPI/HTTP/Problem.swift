import EdgeProtocols
import HTTPTypes
import WireJSON

/// An error answer in the shape that all SDKs read (auth §5, conversation-api §7).
struct Problem: Error, Sendable {
    var status: HTTPResponse.Status
    /// Fragment of `type` and member `code`.
    var code: String
    var title: String
    var detail: String
    var base: Base
    var invalidParameters: [InvalidParameter]
    var headers: HTTPFields = [:]
    /// For the log only.
    var cause: String?

    /// Page that `type` points into.
    enum Base: String, Sendable {
        case common = "https://developer.nexmo.com/api-errors"
        case conversation = "https://developer.nexmo.com/api/conversation"
    }

    struct InvalidParameter: Hashable, Sendable {
        var name: String
        var reason: String
    }

    init(
        _ status: HTTPResponse.Status, code: String, title: String, detail: String, base: Base = .common,
        invalid: [InvalidParameter] = [], cause: String? = nil
    ) {
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.base = base
        invalidParameters = invalid
        self.cause = cause
    }

    /// `instance` is the trace id, 32 hexadecimal digits.
    func body(instance: String) -> JSON {
        var body = JSONObject()
        body["type"] = .string("\(base.rawValue)#\(code)")
        body["title"] = .string(title)
        body["detail"] = .string(detail)
        body["instance"] = .string(instance)
        body["error_title"] = .string(title)
        body["code"] = .string(code)
        if !invalidParameters.isEmpty {
            body["invalid_parameters"] = .array(
                invalidParameters.map { ["name": .string($0.name), "reason": .string($0.reason)] })
        }
        return .object(body)
    }
}

extension Problem {
    static func unauthorized(_ cause: String) -> Problem {
        var problem = Problem(
            .unauthorized, code: "unauthorized", title: "Invalid credentials supplied",
            detail: "You did not provide correct credentials.", cause: cause)
        problem.headers[.wwwAuthenticate] = "Bearer"
        return problem
    }

    static var wrongAccount: Problem {
        var problem = Problem.unauthorized("no or wrong account key and secret")
        problem.headers[.wwwAuthenticate] = "Basic realm=\"account\", charset=\"UTF-8\""
        return problem
    }

    static func forbidden(_ detail: String) -> Problem {
        Problem(.forbidden, code: "system:error:permission", title: "Forbidden", detail: detail)
    }

    static func notFound(_ id: String) -> Problem {
        Problem(
            .notFound, code: "not-found", title: "Not Found",
            detail: "ID '\(id)' does not exist, or you do not have access")
    }

    static func unknownRoute(_ path: String) -> Problem {
        Problem(
            .notFound, code: "http:error:not-found", title: "Not Found", detail: "There is nothing at '\(path)'")
    }

    /// `kind`: conversation, member, event.
    static func missing(_ kind: String, _ id: String) -> Problem {
        Problem(
            .notFound, code: "\(kind):error:not-found", title: "Not found.",
            detail: "ID '\(id)' does not exist, or you do not have access", base: .conversation)
    }

    static func methodNotAllowed(_ method: String, allowed: [String]) -> Problem {
        var problem = Problem(
            .methodNotAllowed, code: "wrong-verb", title: "Request method not allowed",
            detail: "Request method '\(method)' not supported")
        problem.headers[.allow] = allowed.joined(separator: ", ")
        return problem
    }

    static let notAcceptable = Problem(
        .notAcceptable, code: "accept-header", title: "Invalid Accept header",
        detail: "Invalid Accept header provided. Must be one of the following: 'application/json'")

    static let unsupportedMediaType = Problem(
        .unsupportedMediaType, code: "content-type-header", title: "Unsupported Content-Type header",
        detail: "Unsupported Content-Type header provided. Must be one of the following: 'application/json'")

    static func tooLarge(limit: Int) -> Problem {
        Problem(
            .contentTooLarge, code: "content-too-large", title: "Content Too Large",
            detail: "The body is larger than \(limit) bytes")
    }

    /// A change by API of what the configuration declares (README 21).
    static func declared(_ kind: String, _ place: String?) -> Problem {
        Problem(
            .conflict, code: "http:error:conflict", title: "Conflict",
            detail: "This \(kind) is declared in \(place ?? "the configuration"): change it there")
    }

    static func badRequest(_ detail: String) -> Problem {
        Problem(.badRequest, code: "http:error:bad-request", title: "Bad Request", detail: detail)
    }

    static func invalid(_ parameters: [InvalidParameter]) -> Problem {
        Problem(
            .badRequest, code: "http:error:validation-fail", title: "Bad Request",
            detail: "The request failed due to validation errors", invalid: parameters)
    }

    static func invalid(_ name: String, _ reason: String) -> Problem {
        .invalid([InvalidParameter(name: name, reason: reason)])
    }

    static func unavailable(_ detail: String) -> Problem {
        var problem = Problem(
            .serviceUnavailable, code: "system:error:unavailable", title: "Service Unavailable", detail: detail)
        problem.headers[.retryAfter] = "1"
        return problem
    }

    static func tooMany(_ detail: String) -> Problem {
        var problem = Problem(.tooManyRequests, code: "throttled", title: "Rate Limit Hit", detail: detail)
        problem.headers[.retryAfter] = "1"
        return problem
    }

    static func internalError(_ cause: String) -> Problem {
        Problem(
            .internalServerError, code: "system:error:internal-error", title: "Internal Server Error",
            detail: "The box could not do this; its log names the reason under this instance.", cause: cause)
    }

    /// A command that the runtime refused; `subject` is the id it was about.
    init(_ fault: CommandFault, subject: String) {
        switch fault.code {
        case .notFound: self = .notFound(subject)
        case .badState, .badRequest: self = .badRequest(fault.detail)
        case .overloaded: self = .unavailable(fault.detail)
        case .conflict:
            self.init(.conflict, code: "http:error:conflict", title: "Conflict", detail: fault.detail)
        }
        cause = fault.detail
    }
}
