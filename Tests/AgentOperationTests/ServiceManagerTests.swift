import Glibc
import TestSupport
import Testing

@testable import AgentOperation

struct ServiceManagerTests {
    @Test func messagesArriveAsOneDatagramEach() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/notify"
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        let address = try #require(UnixAddress(path))
        try #require(address.withSockaddr { bind(descriptor, $0, $1) } == 0)
        let manager = ServiceManager(environment: { $0 == "NOTIFY_SOCKET" ? path : nil })
        func next() -> String {
            var buffer = [UInt8](repeating: 0, count: 1_000)
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        }
        manager.ready("follows 3 files\nand more")
        #expect(next() == "READY=1\nSTATUS=follows 3 files and more")
        manager.alive()
        #expect(next() == "WATCHDOG=1")
        manager.reloading()
        #expect(next().hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
        manager.stopping()
        #expect(next() == "STOPPING=1")
    }

    @Test func abstractNamesAreReached() throws {
        let name = "@lodge-test-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        let address = try #require(UnixAddress(name))
        try #require(address.withSockaddr { bind(descriptor, $0, $1) } == 0)
        ServiceManager(environment: { $0 == "NOTIFY_SOCKET" ? name : nil }).alive()
        var buffer = [UInt8](repeating: 0, count: 100)
        #expect(recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT)) == 10)
    }

    @Test func nobodyListensAndNothingHappens() {
        ServiceManager(environment: { _ in nil }).ready("x")
        ServiceManager(environment: { $0 == "NOTIFY_SOCKET" ? "/nowhere/at/all" : nil }).ready("x")
        ServiceManager(environment: { $0 == "NOTIFY_SOCKET" ? String(repeating: "/x", count: 200) : nil }).ready("x")
    }

    @Test func theWatchdogIsReadWhenItIsOurs() {
        func manager(_ values: [String: String]) -> ServiceManager {
            ServiceManager(environment: { values[$0] }, process: 42)
        }
        #expect(manager(["WATCHDOG_USEC": "30000000"]).watchdogNanos == 30_000_000_000)
        #expect(manager(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "42"]).watchdogNanos == 30_000_000_000)
        #expect(manager(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"]).watchdogNanos == nil)
        #expect(manager(["WATCHDOG_USEC": "soon"]).watchdogNanos == nil)
        #expect(manager([:]).watchdogNanos == nil)
    }
}
