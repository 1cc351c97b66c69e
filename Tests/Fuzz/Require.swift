/// A property of a fuzz target. Not `precondition`, which says nothing in an optimised build.
func require(_ holds: Bool, _ what: @autoclosure () -> String, line: Int = #line) {
    if !holds { fatalError("line \(line): \(what())") }
}
