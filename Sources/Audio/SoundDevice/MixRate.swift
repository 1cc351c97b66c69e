/// The rate of the rings. A constant of its own: a class's members are out of reach of the real-time check.
enum MixRate {
    static var hertz: Int { @_noLocks get { 48_000 } }
}
