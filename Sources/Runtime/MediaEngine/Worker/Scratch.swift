import Synchronization
import RTPTransport
import Rings

/// Working memory of one worker, used by one leg or mix after the other.
///
/// - Memory: allocated and freed by control.
@safe struct Scratch {
    /// Samples of the longest step: 20 ms at 48 kHz.
    static var stepCapacity: Int { @_noLocks get { 960 } }
    static var payloadCapacity: Int { @_noLocks get { 1500 } }
    /// Longer ones are refused: with a protection's trailer the rest still fits into the batch's 2 048 bytes.
    static var longestDatagram: Int { @_noLocks get { 1700 } }
    /// Datagrams received at once.
    static var batchCount: Int { @_noLocks get { 16 } }

    let batch: DatagramBatch
    let sink: ReportSink
    /// 12 bytes of header, a payload, and the room that protection needs behind it.
    let packet: UnsafeMutablePointer<UInt8>
    /// Sum of all that speak on each bus, what listeners of each bus hear, and prompts of the conversation for each bus:
    /// three runs of `stepCapacity`.
    private let sums: UnsafeMutablePointer<Int32>
    private let totals: UnsafeMutablePointer<Int32>
    private let prompts: UnsafeMutablePointer<Int32>
    /// What one listener hears, and a part of it.
    let ownSum: UnsafeMutablePointer<Int32>
    let part: UnsafeMutablePointer<Int32>
    /// Sums on their way through a converter.
    let unconverted: UnsafeMutablePointer<Float>
    let converted: UnsafeMutablePointer<Float>
    /// What one listener hears, limited.
    let heard: UnsafeMutablePointer<Int16>
    /// What a tap takes, clipped, and headers of its blocks.
    let tapped: UnsafeMutablePointer<Int16>
    let tapHeader: UnsafeMutablePointer<Int16>
    /// Name of this box in RTCP.
    let cname: UnsafeRawBufferPointer

    /// Control only; nil without memory.
    init?(sink: ReportSink, cname: UnsafeRawBufferPointer) {
        guard let batch = DatagramBatch(datagrams: Scratch.batchCount) else { return nil }
        self.batch = batch
        self.sink = sink
        unsafe self.cname = cname
        unsafe packet = .allocate(capacity: 2048)
        unsafe sums = .allocate(capacity: Scratch.stepCapacity * 3)
        unsafe totals = .allocate(capacity: Scratch.stepCapacity * 3)
        unsafe prompts = .allocate(capacity: Scratch.stepCapacity * 3)
        unsafe ownSum = .allocate(capacity: Scratch.stepCapacity)
        unsafe part = .allocate(capacity: Scratch.stepCapacity)
        unsafe unconverted = .allocate(capacity: Scratch.stepCapacity)
        unsafe converted = .allocate(capacity: Scratch.stepCapacity)
        unsafe heard = .allocate(capacity: Scratch.stepCapacity)
        unsafe tapped = .allocate(capacity: Scratch.stepCapacity)
        unsafe tapHeader = .allocate(capacity: TapBlock.headerCount)
    }

    /// Control only.
    func deallocate() {
        batch.destroy()
        unsafe packet.deallocate()
        unsafe sums.deallocate()
        unsafe totals.deallocate()
        unsafe prompts.deallocate()
        unsafe ownSum.deallocate()
        unsafe part.deallocate()
        unsafe unconverted.deallocate()
        unsafe converted.deallocate()
        unsafe heard.deallocate()
        unsafe tapped.deallocate()
        unsafe tapHeader.deallocate()
    }

    @_noLocks func sum(_ place: Int) -> UnsafeMutablePointer<Int32> {
        unsafe sums.advanced(by: place &* Scratch.stepCapacity)
    }

    @_noLocks func total(_ place: Int) -> UnsafeMutablePointer<Int32> {
        unsafe totals.advanced(by: place &* Scratch.stepCapacity)
    }

    @_noLocks func prompt(_ place: Int) -> UnsafeMutablePointer<Int32> {
        unsafe prompts.advanced(by: place &* Scratch.stepCapacity)
    }
}

/// Where a worker tells control something.
@safe struct ReportSink {
    let reports: MessageRing
    let shared: UnsafeMutablePointer<WorkerShared>

    /// A figure of a leg; lost, and counted, when control does not keep up.
    @_noLocks func report(_ kind: WorkerReport, serial: UInt64, _ second: Int64, _ third: Int64) {
        let message = RingMessage(
            kind: kind.code, tag: 0, first: Int64(bitPattern: serial), second: second, third: third)
        if !reports.push(message) { unsafe _ = shared.pointee.lostReports.add(1, ordering: .relaxed) }
        unsafe shared.pointee.hasReported.store(true, ordering: .relaxed)
    }

    /// Memory goes back to control; false when the ring is full: try again later.
    @_noLocks func handBack(_ kind: WorkerReport, _ pointer: UnsafeMutableRawPointer) -> Bool {
        var message = RingMessage(kind: kind.code)
        unsafe message.pointer = pointer
        let isUrgent = kind.isUrgent || reports.fill >= 64
        if isUrgent { unsafe shared.pointee.hasReported.store(true, ordering: .relaxed) }
        return reports.push(message)
    }

    @_noLocks func countRefused() { unsafe _ = shared.pointee.refusedPackets.add(1, ordering: .relaxed) }
    @_noLocks func countUnsent() { unsafe _ = shared.pointee.unsentPackets.add(1, ordering: .relaxed) }
}
