/// One fixed-size entry of a `MessageRing`: 40 bytes without references.
///
/// The two sides agree on the meaning: `kind` is the raw value of an enum of theirs.
@safe public struct RingMessage {
    public var kind: UInt32
    public var tag: UInt32
    public var pointer: UnsafeMutableRawPointer?
    public var first: Int64
    public var second: Int64
    public var third: Int64

    // No default arguments: their generators are out of reach of the real-time check of other modules.
    @_noLocks public init(kind: UInt32) {
        self.init(kind: kind, tag: 0, first: 0, second: 0, third: 0)
    }

    @_noLocks public init(kind: UInt32, tag: UInt32, first: Int64, second: Int64, third: Int64) {
        self.kind = kind
        self.tag = tag
        unsafe self.pointer = nil
        self.first = first
        self.second = second
        self.third = third
    }
}
