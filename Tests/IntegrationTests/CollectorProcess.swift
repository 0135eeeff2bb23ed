import ByteCoding
import CurlTransport
import Glibc
import LineFormats
import LogModel
import SystemIO
import TestSupport
import Testing

/// A collector that can be killed and started again on the same port and data.
final class CollectorProcess {
    let data: String
    let port: Int
    private let log: String
    private(set) var program: RunningProgram?
    private let client: HTTPClient

    var url: String { "http://127.0.0.1:\(port)" }

    /// Settings that are written into a configuration file at each start; nil for none.
    var settings: String?

    /// - Parameters:
    ///   - directory: for what the program prints, and for the data.
    ///   - data: where the data is kept instead.
    /// - Throws: when there is no free port.
    init(_ directory: TemporaryDirectory, data: String? = nil) throws {
        self.data = data ?? directory.path + "/data"
        log = directory.path + "/collector.log"
        port = try CollectorProcess.freePort()
        client = try HTTPClient(userAgent: "lodge-tests")
    }

    /// Starts the program and waits until it is ready.
    func start() throws {
        let program = try launch()
        self.program = program
        try eventually("the collector is ready; it says: \(program.log)") {
            (try? get("/ready").status) == 200
        }
    }

    /// Starts the program and does not wait for it.
    func launch() throws -> RunningProgram {
        var arguments = ["--data", data, "--listen", "127.0.0.1:\(port)"]
        if let settings {
            try FileSystem.writeAtomically(log + ".yaml", Array(settings.utf8))
            arguments += ["--config", log + ".yaml"]
        }
        return try RunningProgram("lodge-collector", arguments, logPath: log)
    }

    /// Ends the program; returns how it ended.
    @discardableResult
    func stop(_ signal: Int32) -> Int32 {
        let result = program?.kill(signal) ?? 0
        program = nil
        return result
    }

    func get(_ path: String) throws -> HTTPResponse {
        try client.send(HTTPRequest(url: url + path))
    }

    func post(
        _ path: String, _ body: [UInt8], type: String = "application/json", headers: [(String, String)] = []
    ) throws -> HTTPResponse {
        let fields = [(name: "Content-Type", value: type)] + headers.map { (name: $0.0, value: $0.1) }
        return try client.send(HTTPRequest(method: "POST", url: url + path, headers: fields, body: .bytes(body)))
    }

    /// The rows of a query.
    func query(_ text: String) throws -> [JSONValue] {
        var body = ByteWriter()
        body.append(utf8: "query=")
        for byte in text.utf8 {
            let digits = String(byte, radix: 16)
            body.append(utf8: "%" + (digits.count == 1 ? "0" : "") + digits)
        }
        let request = HTTPRequest(
            method: "POST", url: url + "/select/logsql/query",
            headers: [(name: "Content-Type", value: "application/x-www-form-urlencoded")], body: .bytes(body.array()))
        var content: [UInt8] = []
        let response = try client.stream(
            request,
            onBytes: { bytes in
                content.append(contentsOf: bytes)
                return .proceed
            })
        try #require(response.status == 200, "\(text): \(response.status) \(response.text)")
        return try content.split(separator: 0x0A).map { try JSONValue(parsing: Array($0)) }
    }

    /// The number of events that match.
    func count(_ filter: String) throws -> Int {
        Int(try query("\(filter) | count() n").first?["n"]?.string ?? "") ?? -1
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                try #require(bind(descriptor, generic, length) == 0)
                try #require(getsockname(descriptor, generic, &length) == 0)
            }
            return Int(UInt16(bigEndian: pointer.pointee.sin_port))
        }
    }
}
