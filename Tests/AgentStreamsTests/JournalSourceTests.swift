import AgentPipeline
import AgentStreams
import Glibc
import LogModel
import SystemIO
import TestSupport
import Testing

@Suite("The journal") struct JournalSourceTests {
    private let directory: TemporaryDirectory
    private let files: JournalFiles

    init() throws {
        directory = try TemporaryDirectory()
        files = try JournalFiles(directory.path + "/journal")
    }

    private func options(_ change: (inout JournalOptions) -> Void = { _ in }) -> JournalOptions {
        var options = JournalOptions()
        options.directory = files.path
        options.since = .all
        change(&options)
        return options
    }

    /// What is in the journal behind a place, and the place behind it.
    private func read(
        _ options: JournalOptions, after cursor: String = ""
    ) throws -> (events: [SeenEvent], cursor: String, losses: [StreamLoss]) {
        let run = try SourceRun(
            JournalSource(options, after: cursor, readsOnce: true, maxRecordBytes: 1 << 20), from: nil)
        try eventually("the journal is read") { run.poll().isFinished }
        let state = run.consumer.states[JournalSource.path(options)]
        run.running.join()
        return (run.consumer.events, state?.cursor ?? cursor, run.consumer.losses.map(\.loss))
    }

    @Test("An entry becomes an event with time, level, labels and fields") func entry() throws {
        try files.append([
            [
                ("MESSAGE", Array("paid\nin two lines".utf8)), ("PRIORITY", Array("3".utf8)),
                ("_HOSTNAME", Array("db7".utf8)), ("_SYSTEMD_UNIT", Array("shop@2.service".utf8)),
                ("SYSLOG_IDENTIFIER", Array("shopd".utf8)), ("_PID", Array("42".utf8)),
                ("SYSLOG_FACILITY", Array("3".utf8)), ("_COMM", Array("shopd".utf8)),
                ("_CAP_EFFECTIVE", Array("0".utf8)), ("ORDER", [0xFF, 0x00, 0x0A, 0x3D, 0x80]),
            ],
            [("MESSAGE", Array(#"{"level":"warn","msg":"from json","n":7}"#.utf8)), ("_COMM", Array("x".utf8))],
            [("MESSAGE", Array(#"{"level":"warn" no object"#.utf8)), ("PRIORITY", Array("4".utf8))],
            [
                ("MESSAGE", Array("2026-01-01 ERROR failed".utf8)), ("PRIORITY", Array("6".utf8)),
                ("_TRANSPORT", Array("stdout".utf8)), ("_SYSTEMD_UNIT", Array("session-3.scope".utf8)),
                ("SYSLOG_IDENTIFIER", Array("cron".utf8)),
            ],
        ])
        let events = try read(options()).events
        try #require(events.count == 4)
        #expect(events[0].text == "paid\nin two lines")
        #expect(events[0].level == .error)
        #expect(events[0].time == Timestamp(nanoseconds: 1_750_000_000_000_000_000))
        #expect(events[0].labels == ["host": "db7", "service": "shop@2"])
        #expect(
            events[0].fields.filter { $0.key != "ORDER" } == [
                "pid": "42", "unit": "shop@2.service", "identifier": "shopd", "facility": "daemon", "level": "ERROR",
                "source": "journal:\(files.path)",
            ])
        #expect(events[0].fields["ORDER"] == String(decoding: [0xFF, 0x00, 0x0A, 0x3D, 0x80], as: UTF8.self))
        #expect(events[1].text == "from json" && events[1].level == .warn && events[1].fields["n"] == "7")
        #expect(events[1].labels["service"] == "x")
        #expect(events[2].text == #"{"level":"warn" no object"# && events[2].level == .warn)
        #expect(events[3].level == .error && events[3].labels["service"] == "cron")
        #expect(events[3].fields["unit"] == "session-3.scope")
    }

    @Test("Units, identifiers and a priority choose entries") func filters() throws {
        try files.append(messages: ["a"], [("PRIORITY", "6"), ("_SYSTEMD_UNIT", "shop.service")])
        try files.append(messages: ["b"], [("PRIORITY", "3"), ("_SYSTEMD_UNIT", "shop.service")])
        try files.append(messages: ["c"], [("PRIORITY", "3"), ("_SYSTEMD_UNIT", "db.service")])
        try files.append(messages: ["d"], [("PRIORITY", "4"), ("_PID", "1"), ("UNIT", "shop.service")])
        try files.append(messages: ["e"], [("PRIORITY", "4"), ("_PID", "9"), ("UNIT", "shop.service")])
        try files.append(messages: ["f"], [("PRIORITY", "2"), ("SYSLOG_IDENTIFIER", "sudo")])
        try files.append(messages: ["g"], [("_SYSTEMD_UNIT", "shop.service")])
        func messages(_ change: (inout JournalOptions) -> Void) throws -> String {
            try read(options(change)).events.map(\.text).joined()
        }
        #expect(try messages { _ in } == "abcdefg")
        #expect(try messages { $0.units = ["shop.service"] } == "abdg")
        #expect(try messages { $0.priority = 4 } == "bcdef")
        #expect(
            try messages {
                $0.units = ["shop.service"]
                $0.identifiers = ["sudo"]
                $0.priority = 4
            } == "bdf")
    }

    @Test("Going on never repeats the last entry and never leaves out the next") func resuming() throws {
        try files.append(messages: (0..<5).map { "\($0)" })
        let first = try read(options())
        #expect(first.events.map(\.text) == ["0", "1", "2", "3", "4"])
        #expect(try read(options(), after: first.cursor).events == [])
        try files.append(messages: ["5"])
        // A file of its own, as after a rotation.
        try files.append(messages: ["6", "7"], to: "system@2.journal")
        let second = try read(options(), after: first.cursor)
        #expect(second.events.map(\.text) == ["5", "6", "7"])
        #expect(second.losses == [])
        // The last entry does not count for a filter; it is there all the same.
        try files.append(messages: ["8"], [("PRIORITY", "6"), ("_SYSTEMD_UNIT", "db.service")], to: "system@2.journal")
        let filtered = try read(options { $0.units = ["db.service"] }, after: second.cursor)
        #expect(filtered.events.map(\.text) == ["8"] && filtered.losses == [])
    }

    @Test("Each record tells where to go on, wherever a batch ends") func batches() throws {
        try files.append(messages: (0..<25).map { "\($0)" })
        let consumer = CollectingConsumer(batchEvents: 4)
        consumer.room = 10
        let source = JournalSource(options(), after: "", readsOnce: true, maxRecordBytes: 1 << 20)
        let run = try SourceRun(source, consumer: consumer)
        try eventually("ten are taken") {
            run.poll()
            return consumer.events.count == 10
        }
        #expect(run.poll().isPaused)
        let cursor = try #require(consumer.states[JournalSource.path(options())]?.cursor)
        let rest = try read(options(), after: cursor)
        #expect(rest.events.map(\.text) == (10..<25).map { "\($0)" })
        run.abandon()
        #expect(consumer.losses.isEmpty)
        run.running.join()
    }

    @Test("Entries that were removed before they were read are reported") func vacuumed() throws {
        try files.append(messages: ["a", "b"], to: "system@1.journal")
        let first = try read(options())
        try files.append(messages: ["c", "d"], to: "system@1.journal")
        try files.append(messages: ["e"], to: "system@2.journal")
        try FileSystem.remove("\(files.path)/system@1.journal")
        let second = try read(options(), after: first.cursor)
        #expect(second.events.map(\.text) == ["e"])
        #expect(second.losses.map(\.reason) == [.vacuumed])
        let times = try #require(second.losses.first?.times)
        #expect(times.lowerBound == first.events[1].time && times.upperBound == second.events[0].time)
        // And once only.
        #expect(try read(options(), after: second.cursor).losses == [])
    }

    @Test("What is written while it is followed comes, in new files as well; own entries do not") func following()
        throws
    {
        try files.append(messages: ["old"])
        let own = OwnProcess(pid: 4711, boot: files.boot, invocation: "8e2f6f4ab0a04a3d9a0d2f8b0c5e7d61")
        let run = try SourceRun(
            JournalSource(
                options { $0.since = .now }, after: "", readsOnce: false, maxRecordBytes: 1 << 20, own: own))
        let path = JournalSource.path(options())
        try eventually("the place is kept before anything has come") {
            run.poll()
            return run.consumer.states[path]?.cursor.isEmpty == false
        }
        for round in 0..<5 {
            let file = "system@\(round).journal"
            try files.append(messages: ["own \(round)"], [("_PID", "4711")], to: file)
            let ours = [("_SYSTEMD_INVOCATION_ID", "8e2f6f4ab0a04a3d9a0d2f8b0c5e7d61"), ("_PID", "12")]
            try files.append(messages: ["child \(round)"], ours, to: file)
            try files.append(messages: ["\(round)a", "\(round)b"], to: file)
            try eventually("the entries of round \(round): \(run.consumer.messages)") {
                run.poll()
                return run.consumer.events.count == 2 * (round + 1)
            }
            if round > 1 { try FileSystem.remove("\(files.path)/system@\(round - 2).journal") }
        }
        run.finish()
        #expect(run.consumer.messages == (0..<5).flatMap { ["\($0)a", "\($0)b"] })
        #expect(run.consumer.losses.isEmpty)
    }

    @Test("A process with the agent's number, of another boot or outside of its container, is not the agent")
    func othersWithItsNumber() throws {
        try files.append(messages: ["a"], [("_PID", "\(getpid())"), ("_SYSTEMD_UNIT", "init.scope")])
        files.boot = "11111111111111111111111111111111"
        try files.append(messages: ["b"], [("_PID", "\(getpid())")])
        #expect(try read(options()).events.map(\.text) == ["a", "b"])
        // Where the numbers of processes are not those of the journal, only systemd can tell.
        #expect(OwnProcess(pid: 1).entries == [])
        let current = OwnProcess.current
        #expect(current.pid == getpid() && current.boot?.utf8.count ?? 32 == 32)
    }

    @Test("A message and fields that are too long are cut and marked") func long() throws {
        let long = [UInt8](repeating: 0x78, count: 3 << 20)
        try files.append([[("MESSAGE", long), ("BIG", long), ("SMALL", [0x79])]])
        let source = JournalSource(options(), after: "", readsOnce: true, maxRecordBytes: 1 << 20)
        let run = try SourceRun(source, inboxBytes: 1 << 10)
        try eventually("it is read") { run.poll().isFinished }
        let event = try #require(run.consumer.events.first)
        #expect(event.message.count > 900_000 && event.message.count <= 1 << 20)
        #expect(event.fields["BIG"]?.utf8.count == 16 << 10 && event.fields["SMALL"] == "y")
        #expect(event.fields["LODGE_TRUNCATED"] != nil)
        run.running.join()
    }

    @Test("A directory without a journal, or that is none, is waited for") func missing() throws {
        let run = try SourceRun(JournalSource(options(), after: "", readsOnce: false, maxRecordBytes: 1 << 20))
        try files.append(messages: ["first"])
        try eventually("the entry") {
            run.poll()
            return run.consumer.messages == ["first"]
        }
        run.finish()
        var missing = options()
        missing.directory = directory.path + "/later"
        let later = try SourceRun(JournalSource(missing, after: "", readsOnce: false, maxRecordBytes: 1 << 20))
        let second = try JournalFiles(directory.path + "/later")
        try second.append(messages: ["second"])
        try eventually("the entry of the directory that came later") {
            later.poll()
            return later.consumer.messages == ["second"]
        }
        later.finish()
    }
}
