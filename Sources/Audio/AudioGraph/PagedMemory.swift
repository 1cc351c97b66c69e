import Glibc

/// Memory for what a leg needs only while it is mixed: whole pages of its own, which take no room before they are touched.
/// From the heap they would share pages with what every leg writes, and a relayed leg would pay for all of them.
///
/// - Memory: zero at first; goes back to the system when it is freed.
/// - Reference: mmap(2), MAP_ANONYMOUS.
/// - Threading: control only; both are system calls.
public enum PagedMemory {
    public static func allocate<Element: BitwiseCopyable>(capacity: Int) -> UnsafeMutablePointer<Element> {
        let memory = unsafe mmap(
            nil, size(of: Element.self, capacity), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory = unsafe memory, Int(bitPattern: memory) != -1 else {
            preconditionFailure("no memory for a leg: errno \(errno)")
        }
        return unsafe memory.bindMemory(to: Element.self, capacity: capacity)
    }

    /// - Parameter capacity: as it was allocated with.
    public static func free<Element: BitwiseCopyable>(_ memory: UnsafeMutablePointer<Element>, capacity: Int) {
        _ = unsafe munmap(memory, size(of: Element.self, capacity))
    }

    private static func size<Element>(of type: Element.Type, _ capacity: Int) -> Int {
        MemoryLayout<Element>.stride * capacity
    }
}
