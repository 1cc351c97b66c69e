// Modules: MediaTime WireJSON CallModel NCCO
import CallModel
import NCCO
import WireJSON

/// Any bytes are a script or refused with a place that is in the document; a value is judged like its bytes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do throws(ScriptRefusal) {
        let script = try Script.parse(bytes)
        for action in script.actions { check(action) }
        for warning in script.warnings { require(warning.path.hasPrefix("/"), warning.path) }
        guard let json = try? JSON(parsing: bytes) else { fatalError("a script that is no JSON") }
        let again = try Script.parse(json)
        require(again == script, "bytes and value differ")
    } catch {
        require(!error.faults.isEmpty, "refused without a fault")
        require(error.message.hasPrefix("Syntax error in NCCO. Invalid value type or action. at /"), error.message)
        for fault in error.faults { require(fault.path.hasPrefix("/"), fault.path) }
    }
    return 0
}

/// What a reader of accepted actions relies on.
private func check(_ action: Action) {
    switch action {
    case .talk(let talk):
        require(!talk.text.isEmpty && talk.loop >= 0 && (-1...1).contains(talk.level), "\(talk)")
    case .stream(let stream):
        require(!stream.url.isEmpty && stream.loop >= 0 && (-1...1).contains(stream.level), "\(stream)")
    case .input(let input): require(input.dtmf != nil || input.speech != nil, "\(input)")
    case .connect(let connect):
        require((1...120).contains(connect.timeout) && (1...7200).contains(connect.limit), "\(connect)")
        check(connect.endpoint)
    case .conversation(let room): require(!room.name.isEmpty, "\(room)")
    case .record(let record): require((1...32).contains(record.channels), "\(record)")
    case .notify(let notify): require(!notify.event.url.isEmpty, "\(notify)")
    case .wait(let seconds): require((0.1...7200).contains(seconds), "\(seconds)")
    case .transfer(let transfer): require(transfer.conversation.text.hasPrefix("CON-"), "\(transfer)")
    }
}

private func check(_ endpoint: ConnectEndpoint) {
    switch endpoint {
    case .phone(let number, _, _): require((7...15).contains(number.utf8.count), number)
    case .app(let name), .vbc(let name): require(!name.isEmpty, "no name")
    case .websocket(let socket): require(JSON.object(socket.headers).bytes.count <= 512, "\(socket)")
    case .sip(let sip):
        for header in sip.headers {
            require(header.name.lowercased().hasPrefix("x-"), header.name)
            require(!header.value.utf8.contains { $0 == 0x0D || $0 == 0x0A }, "a line break in \(header)")
        }
    }
}
