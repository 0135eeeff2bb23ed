import Glibc

/// A socket that sends to a port of this machine.
package final class Sender {
    private let descriptor: Int32

    /// - Throws: when nobody listens there.
    package init(_ port: UInt16, isStream: Bool) throws {
        let kind = isStream ? SOCK_STREAM : SOCK_DGRAM
        descriptor = socket(AF_INET, Int32(kind.rawValue), 0)
        if descriptor < 0 { throw Refused(code: errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result != 0 { throw Refused(code: errno) }
    }

    /// A socket that could not be had or connected.
    package struct Refused: Error {
        package let code: Int32
    }

    deinit { close(descriptor) }

    /// Sends all of it, one datagram where that is what is sent.
    package func send(_ text: String) { send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            sent += count
        }
    }

    /// Sends what can be sent without waiting; how many bytes that was.
    package func sendSome(_ bytes: [UInt8]) -> Int {
        max(0, Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)))
    }

    /// A port that nobody has.
    package static func freePort(isStream: Bool) throws -> UInt16 {
        let probe = socket(AF_INET, Int32((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue), 0)
        if probe < 0 { throw Refused(code: errno) }
        defer { close(probe) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(probe, $0, length) == 0 && getsockname(probe, $0, &length) == 0
            }
        }
        if !result { throw Refused(code: errno) }
        return UInt16(bigEndian: address.sin_port)
    }
}

extension Sender {
    /// Connects as soon as somebody listens.
    package static func patiently(_ port: UInt16) throws -> Sender {
        var made: Sender?
        try eventually("somebody listens on port \(port)") {
            made = try? Sender(port, isStream: true)
            return made != nil
        }
        guard let made else { throw Refused(code: ECONNREFUSED) }
        return made
    }
}
