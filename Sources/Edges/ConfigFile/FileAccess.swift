import Foundation
import Glibc

/// Largest configuration or key file that is read, bytes.
private let largestFile = 4 << 20

/// Why a file cannot be read, in the system's words; nil when it can.
func whyUnreadable(_ path: String) -> String? {
    var isFolder: ObjCBool = false
    if unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
        return "it is a folder"
    }
    guard unsafe access(path, R_OK) != 0 else { return nil }
    return unsafe String(cString: strerror(errno))
}

/// A whole text file; the fault names why not.
func readText(_ path: String) throws(FileFault) -> String {
    if let reason = whyUnreadable(path) { throw FileFault(reason: "cannot read \(path): \(reason)") }
    guard let bytes = FileManager.default.contents(atPath: path) else {
        throw FileFault(reason: "cannot read \(path)")
    }
    guard bytes.count <= largestFile else { throw FileFault(reason: "\(path) is larger than 4 MiB") }
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw FileFault(reason: "\(path) is not UTF-8 text")
    }
    return text
}

struct FileFault: Error {
    var reason: String
}

/// An IPv4 or IPv6 address with or without `/bits`.
func isNetwork(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let host = parts.first.map(String.init) else { return false }
    var storage = in6_addr()
    let isIPv4 = unsafe inet_pton(AF_INET, host, &storage) == 1
    let isIPv6 = unsafe !isIPv4 && inet_pton(AF_INET6, host, &storage) == 1
    guard isIPv4 || isIPv6 else { return false }
    guard parts.count == 2 else { return true }
    return Int(parts[1]).map { (0...(isIPv4 ? 32 : 128)).contains($0) } ?? false
}
