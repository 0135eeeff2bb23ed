import AgentPipeline
import ByteCoding
import Glibc
import LineFormats
import LogModel
import RegularExpressions
import SystemIO

/// Measures what the agent does to each line, without files, spool and network: cutting, joining, reading, rules and
/// gathering into batches. Prints events per CPU second of one thread.
///
/// - Parameter directory: NDJSON batches such as make_corpus.py writes; at most 500 of them are read.
/// - Throws: what reading and compiling throw.
func runAgentStages(_ directory: String) throws {
    var json: [UInt8] = []
    for name in try FileSystem.list(directory).filter({ $0.hasSuffix(".ndjson") }).prefix(500) {
        json += try FileSystem.contents(directory + "/" + name, limit: 64 << 20)
    }
    print(machineText())
    let count = json.reduce(0) { $0 + ($1 == 0x0A ? 1 : 0) }
    print("\(count) lines of JSON, \(json.count) bytes")
    func pattern(_ text: String) throws -> RegularExpression { try RegularExpression(Array(text.utf8)) }

    bench("raw", json, SourceProfile(format: .plain))
    bench("JSON", json, SourceProfile())
    bench("JSON, drop and sample", json, SourceProfile(), filtering())
    bench("JSON, rate limit", json, SourceProfile(), [Rule("r", .limit(events: 1_000, intervalNanos: 60_000_000_000))])
    bench("JSON, redact mail, cards", json, SourceProfile(), [Rule("r", .redact([.emails, .cards]))])
    bench("JSON, redact secrets too", json, SourceProfile(), [Rule("r", .redact([.emails, .cards, try .secrets()]))])

    let logfmt = lines(count) {
        "ts=2026-01-02T03:04:05.\(100 + $0 % 900)Z level=info msg=\"request \($0) done\" took=\($0 % 97)ms user_id=u\($0 % 5_000) path=/api/v1/cart"
    }
    bench("logfmt", logfmt, SourceProfile(format: .logfmt))
    let access = lines(count) {
        "10.0.\($0 % 250).7 - - [02/Jan/2026:03:04:05 +0000] \"GET /api/v1/item/\($0) HTTP/1.1\" 200 \($0 % 9_999) \"https://shop/\" \"Mozilla/5.0 (X11; Linux x86_64)\""
    }
    bench("combined", access, SourceProfile(format: .combined))
    let syslog = lines(count) {
        "<14>Jan  2 03:04:05 web1 cart[\($0 % 9_999)]: request \($0) was done in \($0 % 97) ms"
    }
    bench("syslog", syslog, SourceProfile(format: .syslog))
    let text = lines(count) {
        "2026-01-02 03:04:05,\(100 + $0 % 900) [worker-\($0 % 9)] INFO request \($0) was done in \($0 % 97) ms"
    }
    let groups = try pattern(#"^(?P<time>\S+ \S+) \[(?P<thread>[^\]]+)\] (?P<level>\w+) (?P<message>.*)"#)
    bench("regex", text, SourceProfile(format: .regex, pattern: groups))
    let traced = lines(count) {
        $0 % 10 < 5 ? "2026-01-02 03:04:05,123 ERROR request \($0) failed" : "\tat shop.Cart.open(Cart.java:\($0 % 97))"
    }
    bench(
        "lines, Java traces", traced, SourceProfile(format: .plain, multiline: Multiline(.trace(.java))), perLine: true)
    let pods = lines(count) {
        "2026-01-02T03:04:05.\(100_000_000 + $0 % 900_000_000)Z stdout F request \($0) was done in \($0 % 97) ms"
    }
    bench("CRI", pods, SourceProfile(container: .cri))
}

private func filtering() -> [Rule] {
    var health = RuleCondition()
    health.presets = [.healthChecks, .metrics, .staticFiles]
    var debug = RuleCondition()
    debug.levels = [.debug, .trace]
    return [
        Rule("health", when: health, .drop), Rule("debug", when: debug, .sample(oneIn: 10, by: "trace_id")),
        Rule("add", .add([("cluster", "prod")])),
    ]
}

private func lines(_ count: Int, _ line: (Int) -> String) -> [UInt8] {
    var text: [UInt8] = []
    for index in 0..<min(count, 200_000) { text += Array(line(index).utf8) + [0x0A] }
    return text
}

/// Reads a text and prints how fast; `perLine` counts lines in the place of events.
private func bench(
    _ name: String, _ text: [UInt8], _ profile: SourceProfile, _ rules: [Rule] = [], perLine: Bool = false
) {
    let assembler = BatchAssembler(
        host: "web1", cutter: LineCutter(maxLineBytes: 1 << 20), rules: RuleProgram(rules))
    let arrival = Timestamp(nanoseconds: 1_780_000_000_000_000_000)
    assembler.rules.arrival = arrival
    let lines = text.reduce(0) { $0 + ($1 == 0x0A ? 1 : 0) }
    var events = 0
    let start = cpuNanos()
    var state = SourceState(id: 1, path: "/var/log/cart.log", device: 1, inode: 1)
    text.withUnsafeBytes { bytes in
        var offset = 0
        while offset < bytes.count {
            let end = min(bytes.count, offset + 256 << 10)
            let taken = assembler.take(
                UnsafeRawBufferPointer(rebasing: bytes[offset..<end]), of: &state, profile: profile,
                ending: end == bytes.count ? .final : .open, arrival: arrival)
            offset += taken
            if assembler.isComplete || offset == bytes.count { events += assembler.finish()?.events.count ?? 0 }
        }
    }
    let seconds = Double(cpuNanos() - start) / 1e9
    let counts = assembler.counts
    let read = perLine ? lines : counts.structured + counts.formatted + counts.plain
    print(
        name + String(repeating: " ", count: max(1, 28 - name.count)) + "\(Int(Double(read) / seconds)) a CPU second, "
            + "\(Int(Double(text.count) / seconds / 1e6)) MB/s, \(events) events of \(lines) lines, "
            + "\(counts.malformed) malformed")
}

private func cpuNanos() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

private func machineText() -> String {
    let text = (try? OpenFile("/proc/cpuinfo", .read).bytes(at: 0, count: 1 << 16)) ?? []
    let model = text.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }.first {
        $0.hasPrefix("model name")
    }
    return
        "\(model?.split(separator: ":").last.map(String.init) ?? " unknown CPU"), \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores"
        .dropFirst().description
}
