/// A pointer of the C stack as a value that may be kept in tables.
///
/// `@unchecked Sendable`: only the address travels; it is followed on the SIP thread alone, except where
/// CSofiaSIP.h allows any thread (start, wake, join).
@safe struct Handle: @unchecked Sendable {
    let pointer: OpaquePointer

    init?(_ pointer: OpaquePointer?) {
        guard let pointer = unsafe pointer else { return nil }
        unsafe self.pointer = unsafe pointer
    }
}
