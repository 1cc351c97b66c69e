import Foundation
import Testing

/// The compiler is the guard of the real-time threads: what `@_noLocks` refuses today it must refuse tomorrow.
///
/// Origin: design §3 "Shape of real-time code"; the attribute is underscored, so a new toolchain may change it silently.
@Suite(.enabled(if: RealTimeRules.compiler != nil)) struct RealTimeRulesTests {
    @Test("the real-time check refuses", arguments: RealTimeRules.refused)
    func refuses(rule: RealTimeRules.Rule) throws {
        #expect(try RealTimeRules.compiles(rule) == false)
    }

    @Test("the real-time check accepts", arguments: RealTimeRules.accepted)
    func accepts(rule: RealTimeRules.Rule) throws {
        #expect(try RealTimeRules.compiles(rule))
    }
}

enum RealTimeRules {
    struct Rule: Sendable, CustomTestStringConvertible {
        var name: String
        var source: String
        var testDescription: String { name }
    }

    static let compiler: String? = {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return folders.map { "\($0)/swiftc" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    static let refused = [
        Rule(name: "making an object", source: "final class C {}; @_noLocks func f() { _ = C() }"),
        Rule(name: "a protocol value", source: "protocol P { func g() }; @_noLocks func f(_ p: any P) { p.g() }"),
        Rule(name: "an unspecialised generic", source: "@_noLocks func f<T: Equatable>(_ a: T) -> Bool { a == a }"),
        Rule(name: "an overridable method", source: "class C { func g() {} }; @_noLocks func f(_ c: C) { c.g() }"),
        Rule(name: "growing an array", source: "@_noLocks func f(_ a: inout [Int]) { a.append(1) }"),
        Rule(
            name: "a lock",
            source: "import Synchronization\n@_noLocks func f(_ m: borrowing Mutex<Int>) { m.withLock { $0 += 1 } }"),
        Rule(name: "printing", source: "@_noLocks func f() { print(1) }"),
        Rule(name: "a C function nobody vouched for", source: "import Glibc\n@_noLocks func f() { sched_yield() }"),
        Rule(
            name: "a function pointer", source: "@_noLocks func f(_ g: @convention(c) () -> Void) { g() }"),
    ]

    static let accepted = [
        Rule(
            name: "plain structs behind pointers",
            source: """
                struct S { var a = 1; @_noLocks mutating func g() { a &+= 1 } }
                @_noLocks func f(_ s: UnsafeMutablePointer<S>) { s.pointee.g() }
                """),
        Rule(
            name: "atomics",
            source: """
                import Synchronization
                @_noLocks func f(_ a: borrowing Atomic<Int>) -> Int { a.load(ordering: .acquiring) }
                """),
        Rule(
            name: "an enum of pointers",
            source: """
                enum E { case one(UnsafeMutablePointer<Int>), none }
                @_noLocks func f(_ e: E) { if case .one(let p) = e { p.pointee &+= 1 } }
                """),
    ]

    static func compiles(_ rule: Rule) throws -> Bool {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("rule.swift")
        try rule.source.write(to: file, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: compiler ?? "swiftc")
        process.arguments = [
            "-parse-as-library", "-swift-version", "6", "-emit-sil", "-o", "/dev/null", file.path,
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
