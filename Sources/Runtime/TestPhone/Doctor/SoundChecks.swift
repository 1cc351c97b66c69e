extension Doctor {
    /// Whether the users' devices can be opened.
    func sound() -> [DoctorFinding] { [] }
}
