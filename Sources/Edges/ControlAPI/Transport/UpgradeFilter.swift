import HTTPTypes
import NIOCore
import NIOExtras
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Tokens

/// Stands between the HTTP decoder and NIO's upgrade handler until the first request is decided.
///
/// - NIO loses the head of a request whose upgrade is refused (swift-nio issue 2632): so every upgrade that would be
///   refused loses its `Upgrade` header here and goes on as a plain request, the last one of its connection.
/// - It must not stay in an upgraded pipeline, where raw bytes would end the process: it is one of the handlers that
///   the upgrade handler removes.
/// - Requests that are no HTTP, before the pipeline is set up, are answered here.
final class UpgradeFilter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Paths that are upgraded.
    private let paths: Set<String>
    private var sawRequest = false
    private var isDone = false

    init(paths: Set<String>) { self.paths = paths }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isDone { return }
        guard case .head(var head) = unwrapInboundIn(data) else {
            context.fireChannelRead(data)
            return
        }
        // What cannot become a request of the library would be dropped without an answer further down.
        guard (try? HTTPRequest(head, secure: false, splitCookie: false)) != nil else {
            refuse(context, .badRequest)
            return
        }
        if head.headers.contains(name: "upgrade") {
            if sawRequest || !isUpgrade(head) {
                head.headers.remove(name: "upgrade")
                // The parser has seen the upgrade too and will parse no further request of this connection.
                head.headers.replaceOrAdd(name: "connection", value: "close")
            }
        }
        sawRequest = true
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Later requests are answered by the request loop, which knows what it has already written.
        guard !sawRequest, let parserError = error as? HTTPParserError else {
            context.fireErrorCaught(error)
            return
        }
        refuse(context, parserError == .headerOverflow ? .requestHeaderFieldsTooLarge : .badRequest)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, !sawRequest {
            context.close(promise: nil)
            return
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func isUpgrade(_ head: HTTPRequestHead) -> Bool {
        guard head.method == .GET, head.version == .http1_1,
            let path = RequestPath(bounded: head.uri.prefix { $0 != "?" }), paths.contains(path.text),
            head.headers[canonicalForm: "upgrade"].contains(where: { $0.lowercased() == "websocket" }),
            head.headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "upgrade" }),
            head.headers["sec-websocket-version"] == ["13"]
        else { return false }
        let keys = head.headers["sec-websocket-key"]
        return keys.count == 1 && keys[0].utf8.count == 24
    }

    private func refuse(_ context: ChannelHandlerContext, _ status: HTTPResponseStatus) {
        isDone = true
        let head = HTTPResponseHead(
            version: .http1_1, status: status, headers: ["connection": "close", "content-length": "0"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }
}
