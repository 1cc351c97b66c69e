import ConfigFile
import Foundation
import NIOCore
import NIOPosix
import TestPhone
import Testing

@Suite("Doctor", .timeLimit(.minutes(1)))
struct DoctorTests {
    private func findings(_ overrides: [String]) async throws -> [DoctorFinding] {
        let free = ["sip.listen=127.0.0.1:0", "http.listen=127.0.0.1:0", "store.path=\(NSTemporaryDirectory())"]
        let configuration = try SwitchhookConfiguration.load(file: nil, overrides: free + overrides)
        var findings: [DoctorFinding] = []
        await Doctor(configuration: configuration).examine { findings.append($0) }
        return findings
    }

    @Test("looks at every area, and whatever is not well has a fix")
    func everyArea() async throws {
        let findings = try await findings([])
        let areas = Set(findings.map(\.area))
        #expect(areas == ["box", "ports", "sound", "real-time", "clock", "disk", "certificates", "trunks"])
        #expect(findings.allSatisfy { ($0.verdict == .ok) == ($0.fix == nil) })
        #expect(findings.filter { $0.area == "ports" }.allSatisfy { $0.verdict == .ok })
    }

    @Test("a port in use is a failure that names the key to change")
    func portInUse() async throws {
        let taken = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(taken.localAddress?.port)
        let finding = try await findings(["http.listen=127.0.0.1:\(port)"]).first { $0.verdict == .failure }
        #expect(finding?.text == "TCP 127.0.0.1:\(port) (http.listen) is in use by another program")
        #expect(finding?.fix?.contains("http.listen") == true)
        try await taken.close()
    }

    @Test(
        "a folder that cannot be written, an address of another machine and split networks are found",
        arguments: [
            ("store.path=/proc/switchhook", "disk", DoctorFinding.Verdict.failure),
            ("sip.listen=192.0.2.1:0", "ports", .failure), ("media.bind=0.0.0.0", "ports", .warning),
        ])
    func faults(override: String, area: String, verdict: DoctorFinding.Verdict) async throws {
        let found = try await findings([override])
        #expect(found.contains { $0.area == area && $0.verdict == verdict && $0.fix != nil })
    }
}
