typealias HeapNodePointer = UnsafeMutablePointer<HeapNode>

/// One deadline of a leg (housekeeping) or a mix (tick).
@safe struct HeapNode {
    /// Nanoseconds of CLOCK_MONOTONIC.
    var deadline: UInt64 = 0
    /// Place in the heap; negative: not in it.
    var slot = -1
    /// A `LegBlock` when `isLeg`, else a `MixBlock`.
    var owner: UnsafeMutableRawPointer?
    var isLeg = false

    /// Control only.
    static func allocate() -> HeapNodePointer {
        let node = HeapNodePointer.allocate(capacity: 1)
        unsafe node.initialize(to: HeapNode())
        return unsafe node
    }
}

/// What is due next: a binary heap of nodes, which know their place so that they can be taken out.
///
/// - Memory: room for a fixed number, allocated and freed by control.
/// - Threading: one media worker; allocates nothing, takes no lock.
@safe struct DeadlineHeap {
    private let nodes: UnsafeMutablePointer<HeapNodePointer?>
    private let capacity: Int
    private(set) var count = 0

    /// Control only.
    init(capacity: Int) {
        self.capacity = capacity
        unsafe nodes = .allocate(capacity: capacity)
        unsafe nodes.initialize(repeating: nil, count: capacity)
    }

    /// Control only.
    func deallocate() { unsafe nodes.deallocate() }

    var first: HeapNodePointer? {
        @_noLocks get { count > 0 ? unsafe nodes[0] : nil }
    }

    /// Puts a node in, or moves it, to `deadline`. Without room it is left out: control bounds what it makes.
    @_noLocks mutating func set(_ node: HeapNodePointer, _ deadline: UInt64) {
        unsafe node.pointee.deadline = deadline
        if unsafe node.pointee.slot < 0 {
            if count >= capacity { return }
            unsafe put(node, count)
            count &+= 1
        }
        unsafe settle(node)
    }

    @_noLocks mutating func remove(_ node: HeapNodePointer) {
        let slot = unsafe node.pointee.slot
        if slot < 0 { return }
        unsafe node.pointee.slot = -1
        count &-= 1
        if slot == count { return }
        if let last = unsafe nodes[count] {
            unsafe put(last, slot)
            unsafe settle(last)
        }
    }

    @_noLocks private func put(_ node: HeapNodePointer, _ slot: Int) {
        unsafe nodes[slot] = node
        unsafe node.pointee.slot = slot
    }

    @_noLocks private func deadline(_ slot: Int) -> UInt64 {
        if let node = unsafe nodes[slot] { return unsafe node.pointee.deadline }
        return .max
    }

    /// Moves a node up or down to where it belongs.
    @_noLocks private func settle(_ node: HeapNodePointer) {
        let own = unsafe node.pointee.deadline
        var slot = unsafe node.pointee.slot
        while slot > 0 {
            let parent = (slot &- 1) / 2
            guard deadline(parent) > own, let above = unsafe nodes[parent] else { break }
            unsafe put(above, slot)
            slot = parent
        }
        while true {
            var child = slot &* 2 &+ 1
            if child >= count { break }
            if child &+ 1 < count && deadline(child &+ 1) < deadline(child) { child &+= 1 }
            guard deadline(child) < own, let below = unsafe nodes[child] else { break }
            unsafe put(below, slot)
            slot = child
        }
        unsafe put(node, slot)
    }
}
