/// What a media worker gives up while its core is short of time, in a fixed order: new legs first, so that those that talk
/// lose nothing; then what is heard least, the effort of Opus encoders.
///
/// One stage at a time, so that what it saves shows in the measure before the next; an effort is made again when the core
/// has had time for ten seconds. Until then no new legs come: what was saved is not given away.
///
/// - Units: shares of a core, measured once a second.
/// - Threading: a value without a clock; its owner guards it.
struct LoadShedder {
    /// Each includes those before it.
    enum Stage: Int, CaseIterable {
        /// Everything is done as configured.
        case none
        /// New legs go to other workers, and are refused when all are there.
        case refusesLegs
        /// Opus encoders work at complexity 2 at most.
        case easesEncoders
        /// Opus encoders work at complexity 0.
        case sparesEncoders

        /// The share from which it is taken. Linux stops real-time threads at 0.95 of a core.
        var limit: Double {
            switch self {
            case .none: 0
            case .refusesLegs: 0.85
            case .easesEncoders: 0.9
            case .sparesEncoders: 0.93
            }
        }

        /// The highest complexity that Opus encoders may have.
        var complexity: Int {
            switch self {
            case .none, .refusesLegs: 10
            case .easesEncoders: 2
            case .sparesEncoders: 0
            }
        }
    }

    /// A core that is full for a moment only costs nobody anything.
    private static let patience = 2
    /// Below it for so long, an effort is made again: it costs a quarter more.
    private static let calm = 0.65
    private static let calmPatience = 10

    private(set) var stage = Stage.none
    /// Seconds in a row that ask for the next stage, and for the one before.
    private var fullSeconds = 0
    private var calmSeconds = 0

    /// Takes the share of the last second.
    mutating func measured(_ share: Double) {
        if stage.rawValue <= Stage.refusesLegs.rawValue {
            stage = share >= Stage.refusesLegs.limit ? .refusesLegs : .none
        }
        if stage == .none { return fullSeconds = 0 }
        let next = Stage(rawValue: stage.rawValue + 1)
        fullSeconds = next.map { share >= $0.limit } == true ? fullSeconds + 1 : 0
        calmSeconds = stage != .refusesLegs && share < Self.calm ? calmSeconds + 1 : 0
        if let next, fullSeconds == Self.patience {
            stage = next
            fullSeconds = 0
        } else if calmSeconds == Self.calmPatience {
            stage = stage == .sparesEncoders ? .easesEncoders : .none
            calmSeconds = 0
        }
    }
}
