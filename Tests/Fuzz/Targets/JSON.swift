// Modules: WireJSON
import WireJSON

/// Any bytes are JSON or refused; what is JSON is written and read back as the same value.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do throws(JSONSyntaxError) {
        let value = try JSON(parsing: bytes)
        let text = value.bytes
        let again = try JSON(parsing: text)
        require(again == value, "read back as another value")
        require(again.bytes == text, "written in another way")
    } catch {
        require((0...count).contains(error.offset), "offset \(error.offset) of \(count) bytes")
    }
    return 0
}
