/// Big-endian reads and writes at any offset; the caller has checked that they lie inside the buffer.
extension UnsafeRawBufferPointer {
    @_noLocks func networkUInt16(at offset: Int) -> UInt16 {
        unsafe UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @_noLocks func networkUInt32(at offset: Int) -> UInt32 {
        unsafe UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}

extension UnsafeMutableRawBufferPointer {
    @_noLocks func putNetwork(_ value: UInt16, at offset: Int) {
        unsafe storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }

    @_noLocks func putNetwork(_ value: UInt32, at offset: Int) {
        unsafe storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }
}
